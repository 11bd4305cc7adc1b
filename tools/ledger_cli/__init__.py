"""The programs voucherd and voucherctl."""
