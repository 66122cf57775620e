"""Superset's MCP service on standard input and output: python assistant.py

It acts as the user that `WAREHOUSE_BI_ASSISTANT` names: what that user may not see or do, an assistant may not either.
Nothing listens on a port, so that no other program of this machine can speak to it.
"""

import contextlib
import logging
import sys


def main() -> None:
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    # Standard output belongs to the protocol; whatever Superset prints while it starts goes to standard error.
    with contextlib.redirect_stdout(sys.stderr):
        from superset.mcp_service.app import init_fastmcp_server, mcp
        from superset.mcp_service.flask_singleton import get_flask_app

        app = get_flask_app()
        init_fastmcp_server(middleware=guards())
    with app.app_context():
        mcp.run(transport="stdio", show_banner=False)


def guards() -> list:
    """What Superset puts around its tools: answers that are not too long, a log, errors without traces."""
    from superset.mcp_service import middleware

    limit = middleware.create_response_size_guard_middleware()
    others = [
        middleware.LoggingMiddleware(),
        middleware.GlobalErrorHandlerMiddleware(),
        middleware.StructuredContentStripperMiddleware(),
    ]
    return [limit, *others] if limit else others


if __name__ == "__main__":
    main()
