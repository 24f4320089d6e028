"""Progress bars of waits and fleets, and the call that resumes an interrupted wait."""

from atlas_backups.progress.bars import fleet_bar, resume_call, suppress_resume_hint, wait_bar

__all__ = ["fleet_bar", "resume_call", "suppress_resume_hint", "wait_bar"]
