"""The record of replies: what was asked, what came, what it cost."""
