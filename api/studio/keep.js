/**
 * Small copies of the pictures that were sent, in this browser, so that a result can be shown beside
 * what it was made from.
 */

const NAME = "genart";
const STORE = "pictures";
const LONGEST_SIDE = 1024;

/**
 * Keeps a copy of a picture.
 *
 * @param {string} job
 * @param {string} field
 * @param {Blob} picture
 */
export function keep(job, field, picture) {
  const key = `${job}/${field}`;
  const stored = reduced(picture).then((copy) => change((store) => store.put(copy, key)));
  underWay.set(key, stored);
  return stored.finally(() => underWay.delete(key));
}

/** @type {Map<string, Promise<void>>} */
const underWay = new Map();

/**
 * Returns the copy of a picture that a job was given, if there is one.
 *
 * @param {string} job
 * @param {string} field
 * @returns {Promise<Blob|undefined>}
 */
export async function kept(job, field) {
  const key = `${job}/${field}`;
  await underWay.get(key); // a quick job is done before
  const database = await opened();
  return answer(database.transaction(STORE).objectStore(STORE).get(key));
}

/**
 * Forgets a job's pictures.
 *
 * @param {string} job
 */
export async function discard(job) {
  await change((store) => store.delete(IDBKeyRange.bound(`${job}/`, `${job}/\uffff`)));
}

/** @param {Blob} picture */
async function reduced(picture) {
  const bitmap = await createImageBitmap(picture);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * factor));
  canvas.height = Math.max(1, Math.round(bitmap.height * factor));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob ?? picture), "image/webp", 0.9);
  });
}

/** @param {(store: IDBObjectStore) => IDBRequest} act */
async function change(act) {
  const database = await opened();
  await answer(act(database.transaction(STORE, "readwrite").objectStore(STORE)));
}

/** @type {Promise<IDBDatabase>|null} */
let database = null;

function opened() {
  if (!database) {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    database = answer(request);
  }
  return database;
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
