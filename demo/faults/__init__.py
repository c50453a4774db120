"""The fault switch in front of each simulated CRM.

In a test, every `demo.http_server.Server` has one:

    server.faults.add("status", code=503, endpoint=r"/query/", nth=2, times=1)
    server.faults.add("reset_mid_body", endpoint=r"/oauth2/token", after=20)
    server.faults.rules        # plain values, with how many requests each rule saw and struck
    server.faults.remove(1)
    server.faults.clear()

The first argument names a fault of `answers`, `network` or `paging`; its parameters follow by name.
`endpoint` is a regular expression searched in `METHOD /path?query` as it reads once decoded (`GET
/services/data/v66.0/query/?q=SELECT Id FROM ...`); empty for every request. Of the requests it is found in,
the `nth` is struck (1 when not said) and from there every `every`-th (1: each), `times` times in all
(without it for ever). Several rules are asked oldest first; each counts the requests it looks at. `/faults`
and `/demo/...` are out of reach.

From outside, `POST /demo/faults` adds one rule or a list of them:

    {"behaviour": "status", "endpoint": "/query/", "nth": 2, "times": 1, "parameters": {"code": 503}}

and answers 201 with all rules, or 400 with {"error": ...} and nothing added. `GET /demo/faults` lists the
rules and every fault with its parameters, `DELETE /demo/faults` removes all rules, `DELETE /demo/faults/3`
one. The page is `/faults`.

What only the CRM knows (its refusals, its way of paging, how to end its tokens) comes as a `Provider`: an
application wrapped as `Switched(app, faults=Faults(provider=...))` brings its own switch to the server; any
other application gets a plain one.
"""
