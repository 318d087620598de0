"""A real Postgres server that comes with OPTIX: shared by lease, supervised, gone with its last user.

``client.acquire_embedded_server`` is what the rest of OPTIX calls. The other modules run in the supervisor
process and import nothing but the standard library, so that it starts at once.
"""
