"""The record of replies: what was asked, what came back, what it cost."""
