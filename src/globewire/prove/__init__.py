"""The proof that anyone can run: a gateway is killed again and again under load, and every OK it ever said is looked for.

`trial` drives, `customers`, `carrier` and `endpoint` are the world around the gateway, `child` is the gateway as a process,
`power` cuts its power, and `verdict` compares what was said with what became of it.
"""
