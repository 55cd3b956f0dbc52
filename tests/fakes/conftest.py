"""A ledger for every test that asks for one."""

from clients import ledger as ledger
