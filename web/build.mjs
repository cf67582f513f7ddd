// Bundles the page: node build.mjs OUT_FOLDER.
//
// Names of scripts and styles change with what is in them, so that browsers may keep them for good;
// each file lies there compressed as well.  What takes long to load (charts) is a file of its own.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, '../build/web'));
const assets = path.join(out, 'assets');

await rm(out, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

const built = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { page: 'src/main.tsx', style: 'src/styles/index.css' },
  outdir: assets,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  metafile: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
});

const named = (entry) => {
  const found = Object.entries(built.metafile.outputs).find(([, o]) => o.entryPoint === entry);
  return `/assets/${path.basename(found[0])}`;
};

// The theme is set before anything is drawn: a file of its own, since the page runs no script that
// stands in it.
const theme = await esbuild.transform(await readFile(path.join(here, 'src/theme-first.js')), {
  minify: true,
});
const themeName = `theme-${createHash('sha256').update(theme.code).digest('hex').slice(0, 8)}.js`;
await writeFile(path.join(assets, themeName), theme.code);
const icon = await readFile(path.join(here, 'src/icon.svg'));
const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`;
await writeFile(path.join(assets, iconName), icon);

const html = (await readFile(path.join(here, 'src/index.html'), 'utf8'))
  .replace('%style%', named('src/styles/index.css'))
  .replace('%page%', named('src/main.tsx'))
  .replace('%theme%', `/assets/${themeName}`)
  .replace('%icon%', `/assets/${iconName}`);
await writeFile(path.join(out, 'index.html'), html);

let total = 0;
for (const folder of [out, assets]) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(folder, entry.name);
    const bytes = await readFile(file);
    const packed = gzipSync(bytes, { level: 9 });
    if (packed.length < bytes.length) await writeFile(`${file}.gz`, packed);
    total += Math.min(packed.length, bytes.length);
  }
}
console.log(`web: ${out}, ${(total / 1024).toFixed(1)} KiB compressed`);
