// Runs Surfpool's embedded Solana runtime until it is told to end. Started by SurfpoolProcess; options come as JSON in the first argument.
// Prints one line once it answers: surfpool {"rpc":port,"ws":port,"payer":address}. State is lost at the end.
const net = require("node:net");
const { Surfnet } = require("@solana/surfpool-linux-x64-gnu");

const { port, ...config } = JSON.parse(process.argv[2]);
const surfnet = Surfnet.startWithConfig({ ...config, offline: true });
setInterval(() => surfnet.drainEvents(), 200); // undrained, it stops answering for good after a few hundred transactions
const end = () => {
  surfnet.stop();
  process.exit(0);
};
process.on("SIGTERM", end);
process.on("SIGINT", end);

// It takes random ports only: fixed ones lead there. The WebSocket's is one above, as clients assume.
const forward = (from, url) =>
  new Promise((listening, failed) => {
    const to = Number(new URL(url).port);
    if (!from) return listening(to);
    const server = net.createServer((client) => {
      const node = net.connect(to, "127.0.0.1");
      for (const [one, other] of [[client, node], [node, client]]) {
        one.setNoDelay(true);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
    server.on("error", failed);
    server.listen(from, "127.0.0.1", () => listening(from));
  });

Promise.all([forward(port, surfnet.rpcUrl), forward(port && port + 1, surfnet.wsUrl)]).then(
  ([rpc, ws]) => console.log(`surfpool ${JSON.stringify({ rpc, ws, payer: surfnet.payer })}`),
  (error) => {
    console.error(String(error));
    process.exit(1);
  },
);
