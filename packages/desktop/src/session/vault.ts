/**
 * One secret text in IndexedDB, encrypted with a key that this browser made and will not hand out (`extractable: false`).
 * Whoever copies the browser's profile as files gets ciphertext; a script on this origin could still ask for the text,
 * which is why only test money belongs behind it.
 */
export type Vault = { read(): Promise<string | undefined>; write(secret: string): Promise<void>; clear(): Promise<void> };

type Sealed = { key: CryptoKey; iv: Uint8Array<ArrayBuffer>; ciphertext: ArrayBuffer };

const storeName = 'secrets';

export function createVault({ database, record }: { database: string; record: string }): Vault {
  const run = async <T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const opened = await open(database);
    try {
      return await settled(act(opened.transaction(storeName, mode).objectStore(storeName)));
    } finally {
      opened.close();
    }
  };
  return {
    async read() {
      const sealed = await run<Sealed | undefined>('readonly', (store) => store.get(record));
      if (!sealed) return undefined;
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, sealed.key, sealed.ciphertext);
      return new TextDecoder().decode(plain);
    },
    async write(secret) {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const ciphertext = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(secret));
      const sealed: Sealed = { key, iv, ciphertext };
      await run('readwrite', (store) => store.put(sealed, record));
    },
    clear: () => run('readwrite', (store) => store.delete(record)),
  };
}

function open(database: string): Promise<IDBDatabase> {
  const request = indexedDB.open(database, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName);
  return settled(request);
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
