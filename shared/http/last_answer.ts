/**
 * Returns `answer` as the last one of its connection, which ends behind it. A
 * connection that has not sent the whole of a body is otherwise kept for as
 * long as its client likes: Deno ends it neither for `connection: close` nor
 * when its server is shut down, but when an answer breaks. This one breaks
 * where its stated length has been sent, so that who reads it notices nothing.
 */
export async function lastAnswer(answer: Response): Promise<Response> {
  if (answer.body === null) return answer;
  const bytes = await answer.bytes();
  const { status, headers } = answer;
  headers.set("content-length", String(bytes.byteLength));
  headers.set("connection", "close");
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new LastAnswer());
      else controller.enqueue(bytes);
      isSent = true;
    },
  }, { highWaterMark: 0 });
  return new Response(body, { status, headers });
}

/** Not a failure: it ends a connection behind its last answer. */
export class LastAnswer extends Error {
  override readonly name = "LastAnswer";
}
