/** Milliseconds that a command may run when the caller does not say; the seed's default. */
export const DEFAULT_EXEC_TIMEOUT_MS = 30_000;

/** The longest timeout in milliseconds: above it timers overflow and fire at once. */
export const MAX_EXEC_TIMEOUT_MS = 2_147_483_647;

/** Bytes kept of stdout and of stderr, each, when the caller does not say. */
export const DEFAULT_EXEC_MAX_BUFFER_BYTES = 10_485_760;

/** The most bytes that a caller may ask to keep of one stream. */
export const MAX_EXEC_MAX_BUFFER_BYTES = 67_108_864;

/** Bytes that a read returns at most when the caller does not say. */
export const DEFAULT_READ_MAX_BYTES = 10_485_760;

/** The most bytes that a caller may ask a read to return. */
export const MAX_READ_MAX_BYTES = 67_108_864;

/** Bytes that all running operations together may hold in memory. */
export const DEFAULT_MAX_BUFFERED_BYTES = 268_435_456;

/** Commands that run at once; more wait briefly and are then refused. */
export const DEFAULT_MAX_CONCURRENT_EXECS = 32;
