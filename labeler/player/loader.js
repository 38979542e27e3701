// What Streamlit gets as the script of both components. Streamlit runs it from a blob: address, where relative imports lead nowhere.
// So it imports the modules by their absolute address, all at once: one import after the other would cost a far-away annotator a
// journey to the server for every level.

const LONGEST_WAITS = [500, 1000, 2000, 4000, 8000];
const loading = new Map();

// A browser may remember for good that a module failed to load. So each attempt has addresses of its own.
async function load({ address, entry, others }) {
  for (let attempt = 0; ; attempt += 1) {
    const imported = (path) => import(new URL(`${address}/${attempt}/${path}`, location.origin).href);
    try {
      const [{ default: mount }] = await Promise.all([entry, ...others].map(imported));
      return mount;
    } catch (error) {
      if (attempt === LONGEST_WAITS.length) throw error;
      await new Promise((done) => setTimeout(done, LONGEST_WAITS[attempt] * (0.5 + 0.5 * Math.random())));
    }
  }
}

// A page goes on with the version that it began with: two versions at once would both take the keys.
function loaded(modules) {
  const { entry } = modules;
  if (!loading.has(entry)) {
    const attempts = load(modules);
    loading.set(entry, attempts);
    attempts.catch(() => loading.delete(entry));
  }
  return loading.get(entry);
}

export default async function (mounting) {
  const mount = await loaded(mounting.data.modules);
  // Whoever left the page meanwhile wants no sound from it.
  return mounting.parentElement.isConnected ? mount(mounting) : undefined;
}
