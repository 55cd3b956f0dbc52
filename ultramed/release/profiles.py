"""The rights classes a profile may carry, and the verdict on a row it withholds."""

from ultramed.claims import Claim
from ultramed.errors import ParamsError, RightsError
from ultramed.params import Params
from ultramed.records import Verdict, drop

CEILING = {  # the widest setting allowed in params: quarantine and deny are never published
    "open": ("open",),
    "research": ("open", "research"),
    "recipe": ("open", "research", "recipe"),
}


def allowed(params: Params, profile: str) -> frozenset[str]:
    """The classes a profile carries. Raises ParamsError for an unknown profile, RightsError for one set wider
    than its kind allows."""
    configured = {str(name): setting for name, setting in params.release.profiles.items()}.get(profile)
    if configured is None:
        names = ", ".join(sorted(params.release.profiles))
        raise ParamsError("profile", f"is '{profile}'; expected one of {names}")
    if excess := sorted(set(configured.allows) - set(CEILING[profile])):
        raise RightsError(
            f"params.yaml: release.profiles.{profile}.allows",
            f"lists {', '.join(excess)}; at most {', '.join(CEILING[profile])} is possible here",
            "to reclassify a source, write a signed entry under release.overrides",
        )
    return frozenset(configured.allows)


def withhold(row_id: str, profile: str, claim: Claim, classes: frozenset[str]) -> Verdict:
    """The verdict on a row that a profile must not carry."""
    allows = ", ".join(sorted(classes)) or "nothing"
    return drop(
        row_id, f"release@{profile}", f"rights_{claim.rights}",
        f"{claim.holder} allows '{claim.rights}', and profile '{profile}' carries {allows}",
    )
