/** A body as JSON can carry it: text, or base64 where it is none. */
export interface BodyFields {
  readonly body: string | null;
  readonly body_base64: string | null;
  /** Length as it came. */
  readonly body_bytes: number;
}

/**
 * Decodes a response's body by the charset that its content type names, by
 * default UTF-8. What does not decode without loss is answered as base64.
 */
export function decodeBody(
  body: string | Uint8Array,
  contentType: string | undefined,
): BodyFields {
  if (typeof body === "string") {
    const { length } = new TextEncoder().encode(body);
    return { body, body_base64: null, body_bytes: length };
  }
  const text = decode(body, contentType);
  return {
    body: text ?? null,
    body_base64: text === undefined ? body.toBase64() : null,
    body_bytes: body.length,
  };
}

function decode(
  bytes: Uint8Array,
  contentType: string | undefined,
): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? "");
  try {
    const decoder = new TextDecoder(charset?.[1] ?? "utf-8", {
      fatal: true,
      ignoreBOM: true,
    });
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
