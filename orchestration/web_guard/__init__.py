"""What web pages may ask of the services on this machine.

A page of any site can make the browser send requests to 127.0.0.1. Dagster's UI has no login, so that such a request
would start jobs. This room stands on nothing else of the warehouse.
"""
