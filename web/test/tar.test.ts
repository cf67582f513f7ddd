import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { sha256Of } from '../src/domain/digest.ts';
import { imagesOf, tarOf } from '../src/domain/tar.ts';

test('tar reads what was packed, names of any length and script with it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pare-tar-'));
  const files = new Map<string, string>([
    ['validation/a.jpg', 'x'.repeat(512)],
    ['validation/é漢.jpg', 'name beyond ASCII'],
    [`calibration/${'long'.repeat(40)}.png`, 'name beyond 100 bytes'],
    ['calibration/empty.jpg', ''],
    ['labels.json', '{}'],
  ]);
  const archive = tarOf([...files].map(([name, text]) => ({ name, content: new Blob([text]) })));
  assert.equal(archive.size % 512, 0);
  writeFileSync(path.join(folder, 'a.tar'), Buffer.from(await archive.arrayBuffer()));
  execFileSync('tar', ['-xf', 'a.tar'], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  for (const [name, text] of files)
    assert.equal(readFileSync(path.join(folder, name), 'utf8'), text);
  rmSync(folder, { recursive: true });
});

test('the same files make the same archive, in whatever order they came', async () => {
  const entries = ['b', 'a', 'c'].map((name) => ({ name, content: new Blob([name]) }));
  const first = await sha256Of(tarOf(entries), () => {});
  assert.equal(await sha256Of(tarOf([...entries].reverse()), () => {}), first);
});

test('a digest is that of the bytes, and says how far it is', async () => {
  const bytes = new Uint8Array((9 << 20) + 5).map((_, i) => (i * 7) % 251);
  const shares: number[] = [];
  const digest = await sha256Of(new Blob([bytes]), (share) => shares.push(share));
  assert.equal(digest, createHash('sha256').update(bytes).digest('hex'));
  assert.equal(shares.at(-1), 1);
  assert.deepEqual(shares, [...shares].sort());
});

test('images go by their base names, each once; other files are named', () => {
  const file = new Blob(['x']);
  const chosen = imagesOf(
    ['/val/a.JPG', '/val/sub/b.png', '/val/sub/a.JPG', '/val/labels.json', '/val/.hidden.jpg'].map(
      (name) => ({ path: name, file }),
    ),
    'validation',
  );
  assert.deepEqual(
    chosen.entries.map((entry) => entry.name),
    ['validation/a.JPG', 'validation/b.png'],
  );
  assert.deepEqual(chosen.twice, ['/val/sub/a.JPG']);
  assert.deepEqual(chosen.leftOut, ['/val/labels.json']);
});
