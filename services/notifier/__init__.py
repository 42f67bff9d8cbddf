"""Notices by e-mail: what someone should be told, to whom, and what became of it.

Owns outgoing notices, their texts and addresses. Says notice.sent and notice.failed.
Listens to what people should be told: links for passwords, decisions on agreements, trial connections, invoices;
and keeps copies of organisations' mailboxes and of people's addresses and roles.
"""
