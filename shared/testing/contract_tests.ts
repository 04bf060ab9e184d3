import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ExampleValues, fillIn, pathOf } from "../describe/curl.ts";
import { Catalog } from "../http/catalog.ts";
import type { Route } from "../http/route.ts";
import type { FakeServer } from "./fake_server.ts";
import { openApiProblems, publishedJudge } from "./openapi_validator.ts";

/** A daemon under test, with what its examples need already there. */
export interface ContractSubject extends AsyncDisposable {
  readonly server: FakeServer;
  readonly exampleValues: ExampleValues;
}

export interface ContractOptions<Deps> {
  readonly routes: readonly Route<Deps>[];
  start(): Promise<ContractSubject>;
  /** Routes whose example needs a part that is not here: id → the code that says so. */
  readonly away?: Readonly<Record<string, string>>;
}

/** Registers the tests that every route of a daemon must pass. */
export function contractTests<Deps>(
  name: string,
  options: ContractOptions<Deps>,
): void {
  const { routes, start, away = {} } = options;

  Deno.test(`${name}: no route shadows another`, () => {
    const catalog = new Catalog(routes);
    for (const route of routes) {
      const path = route.path.replace(/:\w+/g, "example");
      const methods = catalog.match(path);
      assertEquals(methods?.get(route.method)?.route.id, route.id);
    }
  });

  Deno.test(`${name}: describe and OpenAPI hold every route`, async () => {
    await using subject = await start();
    const ids = routes.map((it) => it.id).sort();
    const described = await subject.server.data<Described>("GET", "/describe");
    assertEquals(described.endpoints.map((it) => it.id).sort(), ids);
    const document = await (await subject.server.get("/openapi.json")).json();
    assertEquals(await openApiProblems(document), []);
    const operations = Object.values<Record<string, { operationId: string }>>(
      document.paths,
    ).flatMap((it) => Object.values(it));
    assertEquals(operations.map((it) => it.operationId).sort(), ids);
    for (const id of ids) {
      const { data } = await subject.server.data<{ data?: object }>(
        "GET",
        `/describe/${id}`,
      );
      const { produces } = routes.find((it) => it.id === id) ?? {};
      if (produces === undefined) assert(data !== undefined, id);
    }
    const text = await (await subject.server.get("/llms.txt")).text();
    assertEquals(await (await subject.server.get("/")).text(), text);
    for (const id of ids) assertMatch(text, new RegExp(` ${id}(: .|$)`, "m"));
    const other = await subject.server.get("/describe/service.describes");
    assertEquals([other.status, (await other.json()).error.code], [
      404,
      "NOT_FOUND",
    ]);
  });

  Deno.test(`${name}: what an agent reads is small`, async () => {
    await using subject = await start();
    const sizes = {
      "/describe": 20_000,
      "/describe/business": 10_000,
      "/describe/control": 14_000,
      "/llms.txt": 8_192,
      "/openapi.json": 92_160,
      ...(routes.some((it) => it.path === "/v1/capabilities") &&
        { "/v1/capabilities": 14_000 }),
    };
    for (const [path, most] of Object.entries(sizes)) {
      const { length } = await (await subject.server.get(path)).bytes();
      assert(length <= most, `${path} has ${length} bytes`);
    }
  });

  for (
    const path of ["/openapi.json", "/llms.txt", "/describe/service.health"]
  ) {
    Deno.test(`${name}: ${path} is not sent again to who has it`, async () => {
      await using subject = await start();
      const get = (known: string) =>
        subject.server.get(path, { headers: { "if-none-match": known } });
      const first = await get('"of another document"');
      const etag = first.headers.get("etag") ?? "";
      assertMatch(etag, /^(W\/)?".+"$/);
      assertEquals(first.status, 200);
      assert((await first.text()).length > 0);
      const second = await get(`"x", ${etag}`);
      assertEquals([second.status, await second.text()], [304, ""]);
      assertEquals(second.headers.get("etag"), etag);
    });
  }

  Deno.test(`${name}: the endpoints of one surface never name the other's paths`, async () => {
    await using subject = await start();
    for (const surface of ["business", "control"] as const) {
      const { endpoints } = await subject.server.data<Described>(
        "GET",
        `/describe/${surface}`,
      );
      const text = JSON.stringify(endpoints);
      for (const route of routes) {
        const own = route.surface === surface || route.surface === "common";
        assertEquals(endpoints.some((it) => it.id === route.id), own);
        // A path that begins one of this surface's own cannot be told apart.
        const ambiguous = routes.some((it) =>
          (it.surface === surface || it.surface === "common") &&
          it.path.startsWith(route.path)
        );
        if (!own && !ambiguous) {
          assert(
            !text.includes(route.path.replace(/:.*/, "")),
            `${surface} names ${route.path}`,
          );
        }
      }
    }
  });

  for (const route of routes) {
    if (route.produces === "websocket") continue;
    Deno.test(`${name}: ${route.id} answers its own example`, async () => {
      await using subject = await start();
      await answersItsExample(route, subject, away[route.id]);
    });
  }
}

/** What `/openapi.json` says of one route. */
async function published<Deps>(server: FakeServer, { id }: Route<Deps>) {
  const document = await (await server.get("/openapi.json")).json();
  const operation = Object.values<Record<string, Operation>>(document.paths)
    .flatMap((it) => Object.values(it)).find((it) => it.operationId === id);
  assert(operation !== undefined, `${id} is not published`);
  const [given] = Object.entries(operation.responses)
    .filter(([status]) => /^[23]/.test(status)).map(([, it]) => it);
  const name = given?.$ref?.replace("#/components/responses/", "");
  const response = name === undefined
    ? given
    : document.components.responses[name];
  return {
    types: Object.keys(response?.content ?? {}),
    judge: publishedJudge(document),
    body: Object.values(operation.requestBody?.content ?? {})[0]?.schema,
    answer: response?.content?.["application/json"]?.schema,
  };
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: Content;
  readonly responses: Readonly<
    Record<string, Partial<Content> & { readonly $ref?: string }>
  >;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: unknown }>>;
}

async function answersItsExample<Deps>(
  route: Route<Deps>,
  { server, exampleValues }: ContractSubject,
  away: string | undefined,
): Promise<void> {
  const example = fillIn(route.example ?? {}, exampleValues);
  assert(example !== undefined, "the example needs what is not there");
  const { body, headers } = example;
  const openapi = await published(server, route);
  if (body !== undefined) {
    assertEquals(openapi.judge(openapi.body, body), undefined, "the body");
  }
  const response = await server.send(
    route.method,
    pathOf(route.path, example),
    {
      ...(route.form ? { form: body as Record<string, string> } : { body }),
      ...(headers !== undefined && { headers }),
    },
  );
  assertMatch(response.headers.get("x-request-id") ?? "", /^req_/);
  const { produces = "json" } = route;
  if (produces === "sse") {
    assertEquals(response.status, 200);
    assertMatch(
      response.headers.get("content-type") ?? "",
      /^text\/event-stream/,
    );
    await response.body?.cancel();
    return;
  }
  const text = await response.text();
  if (away !== undefined) {
    assertEquals(JSON.parse(text).error?.code, away, text);
    return;
  }
  const statuses: readonly number[] = route.status ?? [200];
  assert(statuses.includes(response.status), `${response.status} ${text}`);
  const type = response.headers.get("content-type")?.replace(/;.*/, "");
  assert(
    type === undefined || openapi.types.includes(type),
    `OpenAPI has no ${type} of it`,
  );
  // The front door is text unless JSON is asked for.
  if (route.id === "service.root") return;
  const answer = produces === "json"
    ? JSON.parse(text).data
    : produces === "document"
    ? JSON.parse(text)
    : text;
  const result = route.data.safeParse(answer);
  assert(result.success, `${result.error?.message}\n${text}`);
  if (openapi.answer !== undefined) {
    const why = openapi.judge(openapi.answer, JSON.parse(text));
    assertEquals(why, undefined, "what OpenAPI publishes of the answer");
  }
}

/** The parts of `/describe*` that the tests read. */
interface Described {
  readonly endpoints: readonly { readonly id: string }[];
}
