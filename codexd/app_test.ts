import { contractTests } from "../shared/testing/contract_tests.ts";
import { routes } from "./routes/mod.ts";
import { testCodexd } from "./testing/test_codexd.ts";

contractTests("codexd", {
  routes,
  async start() {
    const codexd = await testCodexd();
    const session = await codexd.session();
    return {
      server: codexd.server,
      places: { cwd: codexd.folder, session },
      [Symbol.asyncDispose]: () => codexd[Symbol.asyncDispose](),
    };
  },
});
