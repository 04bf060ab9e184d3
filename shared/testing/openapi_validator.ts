import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";

/** The part of an OpenAPI document that is read here. */
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly parameters?: Readonly<Record<string, Parameter>>;
  };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
}

/**
 * Returns what is wrong with an OpenAPI 3.1 document, by validators that know
 * nothing of this product: the official schema of OpenAPI, the meta-schema of
 * JSON Schema 2020-12 for each schema in it, and what neither can say, that
 * operation ids are unique and path parameters agree with their path.
 */
export async function openApiProblems(
  value: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...value });
  if (!valid) return [JSON.stringify(errors)];
  if (validator.version !== "3.1") {
    return [`It is OpenAPI ${validator.version}`];
  }
  const document = value as unknown as Document;
  return [...schemaProblems(document), ...operationProblems(document)];
}

/** Compiles the schemas of a document, which is the root that references count from. */
function compilerOf({ components }: Pick<Document, "components">) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "doc:", components }, "doc");
  return (schema: unknown) =>
    ajv.compile(JSON.parse(
      JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"doc:#/'),
    ));
}

/** Returns a function that says why a published schema refuses a value; undefined when it does not. */
export function publishedJudge(value: unknown) {
  const compile = compilerOf(value as Document);
  return (schema: unknown, it: unknown): string | undefined => {
    const accepts = compile(schema);
    return accepts(it) ? undefined : JSON.stringify(accepts.errors);
  };
}

function schemaProblems(document: Document): string[] {
  const compile = compilerOf(document);
  return schemasIn(document.paths).flatMap((schema) => {
    try {
      compile(schema);
      return [];
    } catch (error) {
      return [`${error}: ${JSON.stringify(schema).slice(0, 200)}`];
    }
  });
}

/** Every value that stands under a key `schema`. */
function schemasIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, it]) =>
    key === "schema" && typeof it === "object" && it !== null
      ? [it]
      : schemasIn(it)
  );
}

function operationProblems({ components, paths }: Document): string[] {
  const ids = new Set<string>();
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.values(item).flatMap(({ operationId, parameters = [] }) => {
      const problems: string[] = [];
      if (ids.has(operationId)) problems.push(`"${operationId}" comes twice`);
      ids.add(operationId);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((it) => it[1]);
      const named = parameters.flatMap((it) => {
        if (!("$ref" in it)) return it;
        const name = it.$ref.replace("#/components/parameters/", "");
        return components.parameters?.[name] ?? [];
      }).filter((it) => it.in === "path").map((it) => it.name);
      if (inPath.join() !== named.join()) {
        problems.push(`"${path}" has the parameters ${named.join()}`);
      }
      return problems;
    })
  );
}
