"""The data of a full country, written straight into a running local instance's databases.

    python -m benchmarks.country DIRECTORY

98 municipalities, 300 suppliers, 2,000 IT systems, 20,000 agreements in all states with their history, four closed
quarters of usage with invoices, and the present one. Every service's copies agree, as if the events had been heard.
All of it is invented but the municipalities' names. What it leaves out: audit lines, the mails' contents, the raw
calls of closed quarters, and the invoices' real documents.
"""
