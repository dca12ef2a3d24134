"""A mail server of aiosmtpd that wants a login: with STARTTLS, with TLS from the first byte, or with neither.

It prints its port, and then a word for each login and each mail, and whether it came over TLS.
"""

import asyncio
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
way, certificate, key = sys.argv[1:4]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


def over(server):
    return "tls" if server.transport.get_extra_info("sslcontext") is not None else "clear"


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"ops" and data.password == b"r\xc3\xadght"
    print("login", over(server), "good" if good else "bad", flush=True)
    return AuthResult(success=good, handled=False)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        print("mail", over(server), *envelope.rcpt_tos, flush=True)
        return "250 OK queued as 7"


def make():
    if way == "starttls":
        return SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True, authenticator=login)
    return SMTP(Handler(), auth_require_tls=False, auth_required=way == "tls", authenticator=login)


async def main():
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=context if way == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
