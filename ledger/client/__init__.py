"""The client SDK: identities, channels, statements, signing, submission, usage and subscriptions.

`identity` and `channel` connect, `statements` builds, `signing` and `cosign` sign, `api` sends,
`attestations` and `outbox` turn usage into claims, `subscription` follows the log. It must not reach the
server's own packages (`ledger.app`, `ledger.store`).
"""
