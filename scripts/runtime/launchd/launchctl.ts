/** Exit codes of launchctl that say more than "failed". */
export const LAUNCHCTL = {
  /** bootout, kickstart: no such job. */
  noSuchProcess: 3,
  /** bootstrap: the job is loaded already, is still leaving, or is refused. */
  inputOutput: 5,
  /** bootout: accepted, not finished. */
  inProgress: 36,
  /** bootstrap: the job is loaded already or is still leaving. */
  alreadyInProgress: 37,
  /** print, kickstart: no such job in this domain. */
  noSuchService: 113,
  /** bootstrap: nobody is logged in, so the domain does not exist. */
  domainUnsupported: 125,
} as const;
