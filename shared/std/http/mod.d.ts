// The signatures of jsr:@std/http@1.1.3 (MIT), as far as the product uses them.

/** Returns the first of `types` that the request's `Accept` header takes. */
export declare function accepts<T extends string = string>(
  request: Pick<Request, "headers">,
  ...types: T[]
): T | undefined;

/** Returns the strong `ETag` of a body. */
export declare function eTag(
  entity: string | Uint8Array<ArrayBuffer>,
): Promise<string>;

/** Whether what `If-None-Match` names is not `etag`: it has to be sent. */
export declare function ifNoneMatch(
  value: string | null,
  etag: string | undefined,
): boolean;

/** A status that HTTP knows. */
export type StatusCode =
  | (100 | 101 | 102 | 103)
  | (200 | 201 | 202 | 203 | 204 | 205 | 206 | 207 | 208 | 226)
  | (300 | 301 | 302 | 303 | 304 | 305 | 307 | 308)
  | (400 | 401 | 402 | 403 | 404 | 405 | 406 | 407 | 408 | 409 | 410 | 411)
  | (412 | 413 | 414 | 415 | 416 | 417 | 418 | 421 | 422 | 423 | 424 | 425)
  | (426 | 428 | 429 | 431 | 451)
  | (500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 510 | 511);

/** The reason phrase of each status; it has no other keys. */
export declare const STATUS_TEXT: { readonly [Status in StatusCode]: string };
