// The SHA-256 of what may be larger than memory, with how far it is.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const piece = 4 << 20;

export async function sha256Of(content: Blob, progress: (share: number) => void): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < content.size; at += piece) {
    hash.update(new Uint8Array(await content.slice(at, at + piece).arrayBuffer()));
    progress(Math.min(1, (at + piece) / content.size));
  }
  return bytesToHex(hash.digest());
}
