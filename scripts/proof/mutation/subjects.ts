/** A file whose every line is a promise, and the unit tests that are about it. */
export interface Subject {
  readonly file: string;
  /** The quick ones first: one failure kills a mutant. */
  readonly tests: readonly string[];
}

const GUARD_TESTS = [
  "shared/http/guard_callers_test.ts",
  "shared/http/guard_test.ts",
];
const POLICY_TESTS = [
  "host_ops/policy_admit_test.ts",
  "host_ops/own_files_test.ts",
  "host_ops/policy_test.ts",
];
const TOKEN_TESTS = [
  "conductor/access/token_rules_test.ts",
  "conductor/access/named_tokens_test.ts",
];
const LEASE_TESTS = [
  "conductor/automation/leader_test.ts",
  "conductor/store/lease_store_test.ts",
  "conductor/automation/leadership_terms_test.ts",
  "conductor/automation/leadership_test.ts",
];
const AUDIT_TESTS = [
  "conductor/store/audit_hash_test.ts",
  "conductor/record/audit_log_test.ts",
];
const REDACTION_TESTS = [
  "shared/mask_secrets_test.ts",
  "shared/secret_names_test.ts",
  "shared/redact_test.ts",
];

/** What keeps strangers out, files whole, one leader, a chain true, secrets in. */
export const SUBJECTS: readonly Subject[] = [
  {
    file: "shared/http/lockout.ts",
    tests: ["shared/http/lockout_test.ts", ...GUARD_TESTS],
  },
  {
    file: "shared/http/token.ts",
    tests: ["shared/http/token_test.ts", ...GUARD_TESTS],
  },
  { file: "shared/http/scopes.ts", tests: GUARD_TESTS },
  {
    file: "shared/http/hosts.ts",
    tests: ["shared/http/hosts_test.ts", ...GUARD_TESTS],
  },
  { file: "shared/http/guard.ts", tests: GUARD_TESTS },
  { file: "conductor/access/named_tokens.ts", tests: TOKEN_TESTS },
  { file: "conductor/store/token_store.ts", tests: TOKEN_TESTS },
  { file: "host_ops/policy.ts", tests: POLICY_TESTS },
  { file: "host_ops/own_files.ts", tests: POLICY_TESTS },
  { file: "conductor/automation/leader.ts", tests: LEASE_TESTS },
  { file: "conductor/automation/leadership.ts", tests: LEASE_TESTS },
  { file: "conductor/store/lease_store.ts", tests: LEASE_TESTS },
  { file: "conductor/store/audit_hash.ts", tests: AUDIT_TESTS },
  { file: "conductor/record/audit_verify.ts", tests: AUDIT_TESTS },
  { file: "shared/redact.ts", tests: REDACTION_TESTS },
  { file: "shared/secret_names.ts", tests: REDACTION_TESTS },
  { file: "shared/mask_secrets.ts", tests: REDACTION_TESTS },
];
