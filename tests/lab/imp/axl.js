'use strict';
/* AXL at /axl/: in front the manners of Cisco's Tomcat (Basic authentication, session cookie, 599), behind them one of
 * two SOAP libraries on Cisco's own WSDL. */

const fs = require('fs');
const http = require('http');
const path = require('path');
const {Readable} = require('stream');
const {basic, cookies} = require('./accounts.js');
const {send, sendCanned, sendError} = require('./reply.js');

const REALM = 'Basic realm="Cisco VTG Realm"';

/* The numbers of Informix that AXL passes on. */
const NO_TABLE = -206;

function fault(code, message, request, status) {
    const said = {faultcode: 'soapenv:Server', faultstring: message,
        detail: {axlError: {axlcode: code, axlmessage: message, request}}};
    return {Fault: status === 200 ? said : {...said, statusCode: status}};
}

/* The rows that the control data have for this query. Throws the fault that they name. */
function rowsOf(axl, sql) {
    if (axl.fault) {
        throw fault(axl.fault.code, axl.fault.message, 'executeSQLQuery', axl.fault.status || 500);
    }
    if (axl.queries && Object.hasOwn(axl.queries, sql)) {
        return axl.queries[sql];
    }
    const table = (/^\s*select\s+.*?\s+from\s+(\w+)/i.exec(sql) || [])[1];
    if (table === undefined || !Object.hasOwn(axl.tables, table.toLowerCase())) {
        throw fault(NO_TABLE, `The specified table (${table}) is not in the database.`, 'executeSQLQuery', 500);
    }
    return axl.tables[table.toLowerCase()];
}

const OPERATIONS = {
    executeSQLQuery({sql}, node) {
        const rows = rowsOf(node.control().axl, sql);
        return rows.length > 0 ? {return: {row: rows}} : {return: {}};
    },
    getCCMVersion(_, node) {
        const version = node.control().axl.version;
        if (!version) {
            throw fault(5000, 'Version not found', 'getCCMVersion', 500);
        }
        return {return: {componentVersion: {version}}};
    },
};

/* A server of one version in one dialect, for all nodes alike: requests are given to it rather than come in. */
class Engine {
    constructor(library, schema, version) {
        const file = path.join(schema, version, 'AXLAPI.wsdl');
        this.server = http.createServer(); // never listens
        const port = Object.fromEntries(Object.entries(OPERATIONS).map(([name, operation]) =>
            [name, (args, _done, _headers, request) => operation(args || {}, request.node)]));
        this.ready = new Promise(resolve => { // both libraries begin to listen once they have read the WSDL
            this.server.on('newListener', event => event === 'request' && setImmediate(resolve));
        });
        library.listen(this.server, {path: '/axl/', services: {AXLAPIService: {AXLPort: port}},
            xml: fs.readFileSync(file, 'utf8'), uri: file});
    }

    answer(node, headers, body, response) {
        const request = Readable.from([body]);
        this.server.emit('request', Object.assign(request, {method: 'POST', url: '/axl/', headers, node}), response);
    }
}

const engines = new Map();

/* `load(name)` requires a package, `schema` is the folder of the schemas. */
function engine(load, schema, dialect, version) {
    const name = `${dialect} ${version}`;
    if (!engines.has(name)) {
        const library = dialect === 'soap' ? load('soap') : load('strong-soap').soap;
        engines.set(name, new Engine(library, schema, version));
    }
    return engines.get(name);
}

/* The version that the request is written for: that of its namespace, if SOAPAction says the same. */
function versionOf(request, body) {
    const space = /"http:\/\/www\.cisco\.com\/AXL\/API\/([0-9.]+)"|'http:\/\/www\.cisco\.com\/AXL\/API\/([0-9.]+)'/
        .exec(body) || [];
    const action = /^"CUCM:DB ver=([0-9.]+) \w+"$/.exec(request.headers.soapaction || '') || [];
    const version = space[1] || space[2];
    return version === action[1] ? version : undefined;
}

/* The account that the request comes from, or undefined: then it has been answered. */
function authenticate(node, request, response) {
    const sso = cookies(request).get('JSESSIONIDSSO');
    const login = basic(request);
    if (sso !== undefined) {
        const account = node.accounts.of(sso);
        if (account === undefined) { // idle for too long, or of a Tomcat that has been restarted since
            sendError(response, 404, '/axl/');
            return undefined;
        }
        if (!login || login.account === account) {
            return account;
        }
    }
    if (!login || !node.accounts.judge('axl', login)) {
        sendError(response, 401, 'This request requires HTTP authentication.', {'WWW-Authenticate': REALM});
        return undefined;
    }
    if (!node.accounts.may(login.account, 'axl')) {
        sendError(response, 403, 'Access to the requested resource has been denied');
        return undefined;
    }
    if (node.control().axl.sessions !== false) {
        response.setHeader('Set-Cookie',
            `JSESSIONIDSSO=${node.accounts.open(login.account)}; Path=/; Secure; HttpOnly`);
    }
    return login.account;
}

/* Answers a request for /axl/, whose body has been read. */
function answer(node, request, body, response) {
    const axl = node.control().axl;
    if (axl.canned) {
        sendCanned(response, axl.canned);
        return;
    }
    if (authenticate(node, request, response) === undefined) {
        return;
    }
    if (request.method !== 'POST') {
        send(response, 200, 'text/html;charset=utf-8', 'The AXL Web Service is working and accepting requests.');
        return;
    }
    const version = versionOf(request, body.toString());
    if (!node.versions.includes(version)) {
        sendError(response, 599, `Unsupported AXL version. Supported versions: ${node.supported}.`);
        return;
    }
    node.engine(version).answer(node, request.headers, body, response);
}

module.exports = {answer, engine};
