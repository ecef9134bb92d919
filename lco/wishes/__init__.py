"""Wishes: customers who want to be told when a machine becomes free on days that are taken.

Here belong the rows of wishes, the queue of those who want the same days, and what ends a wish. The mails are in
`lco.mail.wish_mails`; HTTP does not belong here.
"""
