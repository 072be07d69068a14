'use strict';
/* Replies as Tomcat makes them. */

const TOMCAT = 'Apache Tomcat';

function escape(text) {
    return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/* Tomcat's error page. */
function errorPage(status, text) {
    return `<!doctype html><html lang="en"><head><title>HTTP Status ${status}</title>
<style type="text/css">h1 {font-family:Tahoma,Arial,sans-serif;color:white;background-color:#525D76;}</style></head>
<body><h1>HTTP Status ${status}</h1><hr class="line" /><p><b>Message</b> ${escape(text)}</p><hr class="line" />
<h3>${TOMCAT}</h3></body></html>`;
}

/* Sends a reply; further headers may be given. */
function send(response, status, type, body, headers = {}) {
    response.writeHead(status, {'Content-Type': type, ...headers});
    response.end(body);
}

function sendError(response, status, text, headers = {}) {
    send(response, status, 'text/html;charset=utf-8', errorPage(status, text), headers);
}

/* {status, headers, body} of the control data, whatever was asked for. */
function sendCanned(response, {status, headers = {}, body}) {
    const page = body === undefined ? errorPage(status, 'as the control data wants it') : body;
    response.writeHead(status, {'Content-Type': 'text/html;charset=utf-8', ...headers});
    response.end(page);
}

/* The whole body of a request, as text; a request of more than a megabyte is none of the agent's. */
function readBody(request) {
    return new Promise((resolve, reject) => {
        const chunks = [];
        let size = 0;
        request.on('data', chunk => {
            size += chunk.length;
            if (size > 1 << 20) {
                request.destroy();
                return;
            }
            chunks.push(chunk);
        });
        request.on('end', () => resolve(Buffer.concat(chunks)));
        request.on('error', reject);
        request.on('close', () => reject(new Error('the client hung up')));
    });
}

module.exports = {escape, readBody, send, sendCanned, sendError};
