const WS_URL = 'ws://localhost:4000/v1/ws';
const AUTH_TOKEN = 'your-jwt-token';
let ws: WebSocket;
let reconnectTimer: ReturnType<typeof setTimeout>;
function connect() {
ws = new WebSocket(WS_URL);
ws.onopen = () => {
// Authenticate within 30s window
ws.send(JSON.stringify({ type: 'auth', token: AUTH_TOKEN }));
};
ws.onmessage = (event) => {
const msg = JSON.parse(event.data);
switch (msg.type) {
case 'auth':
if (msg.status === 'ok') {
// Subscribe to channels after auth
ws.send(JSON.stringify({
type: 'subscribe',
channel: 'prices',
params: { assets: ['ETH', 'BTC'] },
}));
ws.send(JSON.stringify({
type: 'subscribe',
channel: 'positions',
}));
}
break;
case 'data':
console.log(`[${msg.channel}]`, msg.data);
break;
case 'error':
console.error('WS error:', msg.message);
break;
}
};
ws.onclose = (event) => {
console.log(`Connection closed: ${event.code}`);
// Reconnect after 3 seconds
reconnectTimer = setTimeout(connect, 3000);
};
ws.onerror = () => {
ws.close();
};
}
connect();
