/** Returns the first of `types` that the request's `Accept` header takes. */
export declare function accepts(
  request: Pick<Request, "headers">,
  ...types: string[]
): string | undefined;
