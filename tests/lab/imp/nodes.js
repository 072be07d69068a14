'use strict';
/* node nodes.js SETTINGS: servers that look like Cisco IM and Presence nodes to an agent that asks their AXL, their
 * Control Center and their Notifications page. SETTINGS is a JSON file:
 *
 *   modules     folder whose node_modules has what package.json names
 *   folder      where logins.jsonl (an attempt a line), violations.jsonl, requests.jsonl and requests/ are written
 *   nodes       of each: name, port, certificate and key (PEM files), dialect ("soap" or "strong-soap"), versions (of
 *               AXL's schema) and supported (how the page of HTTP 599 words them), control (a JSON file: accounts, axl,
 *               control_center, page, delay_ms of each reply; read anew for every request, so that a test can replace
 *               it) */

const fs = require('fs');
const https = require('https');
const {createRequire} = require('module');
const path = require('path');
const {Accounts, append} = require('./accounts.js');
const axl = require('./axl.js');
const controlCenter = require('./control_center.js');
const notifications = require('./notifications.js');
const {readBody, sendError} = require('./reply.js');

const CONTROL_CENTER = '/controlcenterservice2/services/ControlCenterServices';

class Node {
    constructor(settings, node, load) {
        Object.assign(this, node);
        this.folder = settings.folder;
        this.sax = load('sax');
        this.controlFile = node.control;
        this.control = () => JSON.parse(fs.readFileSync(this.controlFile, 'utf8'));
        this.accounts = new Accounts(this.name, this.control, path.join(this.folder, 'logins.jsonl'));
        this.pageSessions = new Map();
        this.saved = 0;
        const schema = path.join(settings.modules, 'node_modules', 'cisco-axl', 'schema');
        this.engine = version => axl.engine(load, schema, this.dialect, version);
        this.ready = Promise.all(this.versions.map(version => this.engine(version).ready));
    }

    violation(text) {
        append(path.join(this.folder, 'violations.jsonl'), {node: this.name, what: text});
    }

    /* Keeps what was asked of AXL, for xmllint. */
    save(where, request, body) {
        const file = path.join(this.folder, 'requests', `${this.name}-${this.saved++}.xml`);
        fs.writeFileSync(file, body);
        append(path.join(this.folder, 'requests.jsonl'), {node: this.name, path: where, file, method: request.method,
            soap_action: request.headers.soapaction, content_type: request.headers['content-type'],
            user_agent: request.headers['user-agent'], session: /JSESSIONIDSSO=/.test(request.headers.cookie || '')});
    }

    async answer(request, response) {
        const body = await readBody(request);
        const end = response.end.bind(response);
        response.end = text => setTimeout(end, this.control().delay_ms || 0, text);
        const where = request.url.split('?')[0];
        if (where === '/axl/') {
            this.save(where, request, body);
            axl.answer(this, request, body, response);
        } else if (where === CONTROL_CENTER) {
            controlCenter.answer(this, request, body, response);
        } else if (notifications.owns(where)) {
            notifications.answer(this, where, request, body, response);
        } else {
            sendError(response, 404, where);
        }
    }

    listen() {
        const files = {cert: fs.readFileSync(this.certificate), key: fs.readFileSync(this.key)};
        const server = https.createServer(files, (request, response) => {
            this.answer(request, response).catch(error => {
                console.error(`${this.name}: ${request.method} ${request.url}: ${error.stack}`);
                response.destroy();
            });
        });
        server.listen(this.port, '127.0.0.1');
    }
}

async function main(file) {
    const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
    const load = createRequire(path.join(settings.modules, 'package.json'));
    fs.mkdirSync(path.join(settings.folder, 'requests'), {recursive: true});
    const nodes = settings.nodes.map(node => new Node(settings, node, load));
    for (const node of nodes) {
        await node.ready;
        node.listen();
    }
    console.log('listening');
}

main(process.argv[2]).catch(error => {
    console.error(error.stack);
    process.exitCode = 1;
});
