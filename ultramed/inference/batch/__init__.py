"""The provider's Batch API: requests go up in files, replies come down."""
