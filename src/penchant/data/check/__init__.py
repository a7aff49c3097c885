"""Named checks on a user's own tables, before anything is trained: PASS, WARN or FAIL."""

from penchant.data.check.result import CheckConfig, CheckResult, Status, Tables
from penchant.data.check.run import CHECKS, check

__all__ = ["CHECKS", "CheckConfig", "CheckResult", "Status", "Tables", "check"]
