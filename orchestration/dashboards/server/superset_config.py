"""Superset's configuration. Everything that differs between two homes comes from the environment (see `process.py`)."""

import os
from pathlib import Path

import clickhouse_connect.common

# Superset opens a connection for each query, and each would begin with a probe for a later form of Native.
clickhouse_connect.common.set_setting("use_protocol_version", False)

HOME = Path(os.environ["WAREHOUSE_BI_HOME"])

# -- where Superset keeps its own records: dashboards, users, roles; never data of learners
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}?check_same_thread=false"
SECRET_KEY = os.environ["WAREHOUSE_BI_SECRET"]
DATA_DIR = str(HOME)
SQLALCHEMY_TRACK_MODIFICATIONS = False

# -- answers are never kept: a dashboard shows what the marts hold now
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
RATELIMIT_STORAGE_URI = "memory://"
SUPERSET_WEBSERVER_TIMEOUT = 120
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000

# -- who may do what
AUTH_ROLE_PUBLIC = "Public"
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
WTF_CSRF_ENABLED = True
MCP_DEV_USERNAME = os.environ.get("WAREHOUSE_BI_ASSISTANT")  # only `warehouse bi mcp` names one
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PREVENT_UNSAFE_DB_CONNECTIONS = True
ENABLE_UI_THEME_ADMINISTRATION = False
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,  # roles of a dashboard decide who sees it
    "ALERT_REPORTS": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "DRILL_BY": True,
    "DRILL_TO_DETAIL": True,
    "ESCAPE_MARKDOWN_HTML": True,
}

# -- nothing is loaded from another host, and nothing is told to one
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "referrer_policy": "same-origin",
    "force_https": False,
    "session_cookie_secure": False,
}
CONTENT_SECURITY_POLICY_WARNING = False
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []


def DB_CONNECTION_MUTATOR(uri, params, username, security_manager, source):  # noqa: N802
    """The warehouse's address and its reader, at each connection: no file and no table of Superset's holds them."""
    uri = uri.set(
        host=os.environ["WAREHOUSE_BI_CLICKHOUSE_HOST"],
        port=int(os.environ["WAREHOUSE_BI_CLICKHOUSE_PORT"]),
        username=os.environ["WAREHOUSE_BI_CLICKHOUSE_USER"],
        password=os.environ["WAREHOUSE_BI_CLICKHOUSE_PASSWORD"],
    )
    if os.environ.get("WAREHOUSE_BI_CLICKHOUSE_SECURE") == "true":
        uri = uri.update_query_dict({"protocol": "https"})
    return uri, params


# -- how it looks: numbers for people, palettes that a colour-blind reader can tell apart
APP_NAME = "Learning analytics"
LOGO_TARGET_PATH = "/dashboard/list/"
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""], "percent": "\u202f%"}
_TOKENS = {
    "brandAppName": APP_NAME,
    "brandLogoAlt": APP_NAME,
    "brandLogoUrl": "/static/assets/images/superset-logo-horiz.png",
    "brandLogoHref": "/dashboard/list/",
    "fontUrls": [],
    "fontFamily": "Inter, Helvetica, Arial, sans-serif",
    "borderRadius": 6,
}
THEME_DEFAULT = {"algorithm": "default", "token": _TOKENS | {"colorPrimary": "#0072B2", "colorLink": "#0072B2"}}
THEME_DARK = {"algorithm": "dark", "token": _TOKENS | {"colorPrimary": "#56B4E9", "colorLink": "#56B4E9"}}
# Okabe and Ito's palette, without the black and the yellow that vanish on one of the two grounds.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "warehouse",
        "label": "Safe for the colour-blind",
        "description": "Okabe and Ito",
        "isDefault": True,
        "colors": ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#8C8C8C"],
    }
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "warehouse_blues",
        "label": "Light to dark blue",
        "description": "Few to many",
        "isDiverging": False,
        "isDefault": True,
        "colors": ["#E8F1FA", "#B8D5EE", "#7FB3DC", "#3F8AC4", "#0B5A99", "#08306B"],
    }
]
