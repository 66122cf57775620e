"""Who may see what: roles, users, and the courses of each user.

| Role | Sees |
|---|---|
| designer | the dashboards about content; explores their datasets; no SQL, nothing about a single learner |
| manager | the same, and the dashboards about single learners |
| analyst | everything, and SQL Lab (the connection can only read) |
| admin | everything, and Superset's own settings |
"""

import csv
from pathlib import Path

import yaml
from superset import db, security_manager
from superset.connectors.sqla.models import RowLevelSecurityFilter, SqlaTable
from superset.models.dashboard import Dashboard

DESIGNER, MANAGER, ANALYST, ADMIN = "Designer", "Learner-success manager", "Analyst", "Admin"
ROLES = {"designer": DESIGNER, "manager": MANAGER, "analyst": ANALYST, "admin": ADMIN}
EVERYONE = "everyone"
LEARNER_LEVEL = "learners"
"""Audience of datasets and dashboards that show single learners; the others are for `everyone`."""
ALL = "all"
LEARNERS_OF_COURSES = "learner_id in (select learner_id from marts.fct_enrolments where course_id in ({courses}))"


def ensure_views() -> None:
    """Superset's own permissions and its built-in roles."""
    from superset.extensions import appbuilder

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    public = security_manager.find_role("Public")
    if public is not None:
        public.permissions = []
    db.session.commit()


def ensure_admin(logins: dict[str, str]):
    """The user that the assets belong to."""
    return _ensure_user("admin", [security_manager.find_role(ADMIN)], logins["admin"])


def ensure_roles(assets: Path) -> None:
    """Our roles: built on Superset's `Gamma`, which sees no data by itself."""
    audience = audiences(assets)
    gamma = list(security_manager.find_role("Gamma").permissions)
    sql_lab = list(security_manager.find_role("sql_lab").permissions)
    tables = db.session.query(SqlaTable).all()
    everyone = [_may_read(table) for table in tables if audience.get(str(table.uuid)) != LEARNER_LEVEL]
    single = [_may_read(table) for table in tables if audience.get(str(table.uuid)) == LEARNER_LEVEL]
    marts = [security_manager.add_permission_view_menu("schema_access", table.schema_perm) for table in tables[:1]]
    _set(DESIGNER, gamma + everyone)
    _set(MANAGER, gamma + everyone + single)
    _set(ANALYST, gamma + sql_lab + everyone + single + marts)
    for dashboard in db.session.query(Dashboard).all():
        names = [MANAGER, ANALYST, ADMIN]
        if audience.get(str(dashboard.uuid)) != LEARNER_LEVEL:
            names.append(DESIGNER)
        if str(dashboard.uuid) in audience:
            dashboard.roles = [security_manager.find_role(name) for name in names]
    db.session.commit()


def audiences(assets: Path) -> dict[str, str]:
    """Whom each dataset and dashboard is for, by uuid. A dashboard is for those who may see all of its charts."""
    audience_of, dataset_of = {}, {}
    for path in assets.glob("datasets/*/*.yaml"):
        asset = yaml.safe_load(path.read_text())
        audience_of[asset["uuid"]] = asset["extra"]["audience"]
    for path in assets.glob("charts/*.yaml"):
        asset = yaml.safe_load(path.read_text())
        dataset_of[asset["uuid"]] = asset["dataset_uuid"]
    for path in assets.glob("dashboards/*.yaml"):
        asset = yaml.safe_load(path.read_text())
        charts = [node["meta"]["uuid"] for node in asset["position"].values() if _is_chart(node)]
        is_single = any(audience_of.get(dataset_of.get(chart)) == LEARNER_LEVEL for chart in charts)
        audience_of[asset["uuid"]] = LEARNER_LEVEL if is_single else EVERYONE
    return audience_of


def _is_chart(node) -> bool:
    return isinstance(node, dict) and node.get("type") == "CHART"


def ensure_users(path: Path, logins: dict[str, str]) -> None:
    """Each user of the file, with the role and the courses that it says. Passwords of existing users stay."""
    for row in csv.DictReader(path.read_text().splitlines()):
        courses = row["courses"].split()
        roles = [security_manager.find_role(ROLES[row["role"]])]
        if courses != [ALL]:
            roles.append(_limit(row["user"], courses))
        _ensure_user(row["user"], roles, logins[row["user"]])
    db.session.commit()


def _limit(user: str, courses: list[str]):
    """A role whose owner sees rows of these courses only, in every dataset that speaks of courses or learners."""
    name = f"Courses of {user}"
    role = _set(name, [])
    listed = ", ".join("'" + course.replace("\\", "\\\\").replace("'", "\\'") + "'" for course in courses)
    by_course, by_learner = [], []
    for table in db.session.query(SqlaTable).all():
        names = {column.column_name for column in table.columns}
        if "course_id" in names:
            by_course.append(table)
        elif "learner_id" in names:
            by_learner.append(table)
    _ensure_rule(f"{name}: rows", f"course_id in ({listed})", by_course, role)
    _ensure_rule(f"{name}: learners", LEARNERS_OF_COURSES.format(courses=listed), by_learner, role)
    return role


def _ensure_rule(name: str, clause: str, tables: list, role) -> None:
    rule = db.session.query(RowLevelSecurityFilter).filter_by(name=name).one_or_none()
    if rule is None:
        rule = RowLevelSecurityFilter(name=name, filter_type="Regular")
        db.session.add(rule)
    rule.clause, rule.tables, rule.roles = clause, tables, [role]


def _ensure_user(name: str, roles: list, password: str):
    user = security_manager.find_user(name)
    if user is None:
        user = security_manager.add_user(name, name.capitalize(), "", f"{name}@localhost", roles, password=password)
    user.roles = roles
    db.session.commit()
    return user


def _set(name: str, permissions: list):
    role = security_manager.add_role(name)
    role.permissions = list({permission.id: permission for permission in permissions}.values())
    db.session.flush()
    return role


def _may_read(table: SqlaTable):
    return security_manager.add_permission_view_menu("datasource_access", table.perm)
