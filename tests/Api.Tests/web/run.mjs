// Makes a client from the API's own description, as a web front end would, compiles a program against it as strictly as the compiler can, and runs that.
//   node run.mjs BASE_URL FOLDER
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const [base, folder] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
mkdirSync(folder, { recursive: true });
const description = await (await fetch(`${base}/openapi/v1.json`)).json();
writeFileSync(join(folder, "api.ts"), astToString(await openapiTS(description)));
copyFileSync(join(here, "explorer.ts"), join(folder, "explorer.ts"));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');

const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
run([compiler, "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext", "explorer.ts"]);
run(["explorer.js", base]);

function run(args) {
  const ran = spawnSync(process.execPath, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (ran.status !== 0) process.exit(ran.status ?? 1);
}
