'use strict';
/* The Control Center Services API, written by hand to the shape that Cisco documents: soapGetServiceStatus of one
 * service. Whatever else a monitoring agent could ask for here is a violation: it is refused, and recorded. */

const {basic} = require('./accounts.js');
const {escape, send, sendError} = require('./reply.js');

const NAMESPACE = 'http://schemas.cisco.com/ast/soap';
const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';
const ROUTER = 'Cisco XCP Router';
const REALM = 'Basic realm="Cisco Web Services Realm"';

function envelope(body) {
    return `<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope xmlns:soapenv="${ENVELOPE}"><soapenv:Body>${body}`
        + '</soapenv:Body></soapenv:Envelope>';
}

/* The elements of a document, each as "{namespace}name" below its parents, with its text; throws where it is not
 * well-formed. */
function elements(sax, text) {
    const parser = sax.parser(true, {xmlns: true});
    const path = [];
    const found = [];
    parser.onerror = error => { throw error; };
    parser.onopentag = tag => {
        path.push(`{${tag.uri}}${tag.local}`);
        found.push({path: path.join('/'), text: ''});
    };
    parser.onclosetag = () => path.pop();
    parser.ontext = parser.oncdata = piece => {
        const last = found[found.length - 1];
        if (last && last.path === path.join('/')) {
            last.text += piece;
        }
    };
    parser.write(text).close();
    return found;
}

/* What is wrong with the request, or null. */
function wrong(sax, request, body) {
    if (request.method !== 'POST' || !/^text\/xml\b/.test(request.headers['content-type'] || '')) {
        return 'no POST of text/xml';
    }
    if (!/^"?soapGetServiceStatus"?$/.test(request.headers.soapaction || '')) {
        return `SOAPAction ${request.headers.soapaction}`;
    }
    try {
        const inside = `{${ENVELOPE}}Envelope/{${ENVELOPE}}Body/`;
        const asked = elements(sax, body).filter(each => each.path.startsWith(inside));
        const expected = [`{${NAMESPACE}}soapGetServiceStatus`,
            `{${NAMESPACE}}soapGetServiceStatus/{${NAMESPACE}}ServiceStatus`];
        const paths = asked.map(each => each.path.slice(inside.length));
        if (paths.join(' ') !== expected.join(' ')) {
            return `body ${paths.join(' ')}`;
        }
        return asked[1].text === ROUTER ? null : `service ${asked[1].text}`;
    } catch (error) {
        return `not well-formed: ${error.message}`;
    }
}

/* UpTime in seconds: of the control data, or since their `started` (seconds since 1970); -1 where it is not started. */
function upTime({status, up_time: upTimeSeconds, started}) {
    if (status !== 'Started') {
        return -1;
    }
    return started === undefined ? upTimeSeconds : Math.max(0, Math.floor(Date.now() / 1000 - started));
}

/* As the node words it: "Tue Sep 14 14:29:52 2004". */
function moment(date) {
    const [day, month, number, year, time] = date.toString().split(' ');
    return [day, month, number, time, year].join(' ');
}

function report(control) {
    const up = upTime(control);
    const start = up < 0 ? '' : moment(new Date(Date.now() - up * 1000));
    return envelope(`<ns1:soapGetServiceStatusResponse xmlns:ns1="${NAMESPACE}"><ns1:soapGetServiceStatusReturn>`
        + '<ns1:ReturnCode>0</ns1:ReturnCode><ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonString/>'
        + `<ns1:ServiceInfoList><ns1:item><ns1:ServiceName>${ROUTER}</ns1:ServiceName>`
        + `<ns1:ServiceStatus>${escape(control.status)}</ns1:ServiceStatus><ns1:ReasonCode>-1</ns1:ReasonCode>`
        + `<ns1:ReasonCodeString> </ns1:ReasonCodeString><ns1:StartTime>${escape(start)}</ns1:StartTime>`
        + `<ns1:UpTime>${up}</ns1:UpTime></ns1:item></ns1:ServiceInfoList></ns1:soapGetServiceStatusReturn>`
        + '</ns1:soapGetServiceStatusResponse>');
}

/* Answers a request whose body has been read. `violation(text)` records what no agent may do. */
function answer(node, request, body, response) {
    const login = basic(request);
    if (!login || !node.accounts.judge('control_center', login)) {
        sendError(response, 401, 'This request requires HTTP authentication.', {'WWW-Authenticate': REALM});
        return;
    }
    if (!node.accounts.may(login.account, 'control_center')) {
        sendError(response, 403, 'Access to the requested resource has been denied');
        return;
    }
    const fault = wrong(node.sax, request, body.toString());
    if (fault) {
        node.violation(`Control Center: ${fault}`);
        send(response, 500, 'text/xml;charset=UTF-8', envelope('<soapenv:Fault><faultcode>soapenv:Client</faultcode>'
            + `<faultstring>${escape(fault)}</faultstring></soapenv:Fault>`));
        return;
    }
    send(response, 200, 'text/xml;charset=UTF-8', report(node.control().control_center));
}

module.exports = {answer};
