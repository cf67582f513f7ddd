// A dataset archive (docs/tasks.md, "Dataset archive") made of files that somebody dropped: headers
// between the files themselves, so that nothing is copied.

const block = 512;
const encoder = new TextEncoder();

export interface Entry {
  name: string; // "validation/board.jpg"
  content: Blob;
}

function put(header: Uint8Array, at: number, text: string, length: number): void {
  header.set(encoder.encode(text).subarray(0, length), at);
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function headerOf(name: string, size: number, type: string): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(block);
  put(header, 0, name, 100);
  put(header, 100, '0000644\0', 8);
  put(header, 108, '0000000\0', 8);
  put(header, 116, '0000000\0', 8);
  put(header, 124, `${octal(size, 11)}\0`, 12);
  put(header, 136, '00000000000\0', 12); // the same files make the same archive
  put(header, 148, '        ', 8);
  put(header, 156, type, 1);
  put(header, 257, 'ustar\0', 6);
  put(header, 263, '00', 2);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(header, 148, `${octal(sum, 6)}\0 `, 8);
  return header;
}

// "length key=value\n", the length being that of the whole record.
function record(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return encoder.encode(`${length} ${key}=${value}\n`) as Uint8Array<ArrayBuffer>;
}

const padding = (size: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array((block - (size % block)) % block);

export function tarOf(entries: readonly Entry[]): Blob {
  const parts: BlobPart[] = [];
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of sorted) {
    const bytes = encoder.encode(entry.name);
    if (bytes.length > 100 || bytes.length !== entry.name.length) {
      const path = record('path', entry.name);
      parts.push(headerOf('PaxHeader', path.length, 'x'), path, padding(path.length));
    }
    const plain = entry.name.replace(/[^\x20-\x7e]/g, '_');
    parts.push(headerOf(plain.slice(-100), entry.content.size, '0'), entry.content);
    parts.push(padding(entry.content.size));
  }
  parts.push(new Uint8Array(2 * block));
  return new Blob(parts, { type: 'application/x-tar' });
}

const imageName = /\.(jpe?g|png|bmp|webp|tiff?|ppm|pgm)$/i;

export interface Chosen {
  entries: Entry[];
  images: number;
  leftOut: string[];
  twice: string[];
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

// The images of a folder, by their base names, which are what labels call them.
export function imagesOf(files: readonly { path: string; file: Blob }[], folder: string): Chosen {
  const entries: Entry[] = [];
  const leftOut: string[] = [];
  const twice: string[] = [];
  const seen = new Set<string>();
  for (const { path, file } of files) {
    const name = baseName(path);
    if (name.startsWith('.')) continue;
    if (!imageName.test(name)) leftOut.push(path);
    else if (seen.has(name)) twice.push(path);
    else {
      seen.add(name);
      entries.push({ name: `${folder}/${name}`, content: file });
    }
  }
  return { entries, images: entries.length, leftOut, twice };
}
