// Where it runs paths are POSIX's. The package's own mod.js has those of Windows
// as well, and three times as many modules to load at each start.
// @ts-types="./mod.d.ts"
export { basename } from "npm:deno-std@1.4.0/path/posix/basename.js";
// @ts-types="./mod.d.ts"
export { dirname } from "npm:deno-std@1.4.0/path/posix/dirname.js";
// @ts-types="./mod.d.ts"
export { fromFileUrl } from "npm:deno-std@1.4.0/path/posix/from_file_url.js";
// @ts-types="./mod.d.ts"
export { isAbsolute } from "npm:deno-std@1.4.0/path/posix/is_absolute.js";
// @ts-types="./mod.d.ts"
export { join } from "npm:deno-std@1.4.0/path/posix/join.js";
// @ts-types="./mod.d.ts"
export { normalize } from "npm:deno-std@1.4.0/path/posix/normalize.js";
// @ts-types="./mod.d.ts"
export { relative } from "npm:deno-std@1.4.0/path/posix/relative.js";
// @ts-types="./mod.d.ts"
export { resolve } from "npm:deno-std@1.4.0/path/posix/resolve.js";
