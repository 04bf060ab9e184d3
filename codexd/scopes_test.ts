import { scopeMatrixTest } from "../shared/testing/scope_matrix.ts";
import { codexdRoutes } from "./routes/mod.ts";

scopeMatrixTest("codexd", codexdRoutes);
