"""test_bad_input.py - what must be refused, byte by byte, and beside each the neighbour that passes.

The letters are those of the tables of bad input: X transport, J JSON, R the halt's request (most of
it stands in test_halt.py), T tokens. Nothing may change in the store, and the server survives all.
"""
import json
import random
import re
import socket
import time
import unittest

from contract import PREFIX, WAIT, Case, plan, task

HALT = PREFIX + "halt_execution"
RSS_GROWTH_KIB = 200 * 1024  # a sanitized build keeps what was freed
DRY = b'{"plan_execution_id":"x","dry_run":true}'


class RawCase(Case):
    """Raw requests to halt `x`, which must still wait after all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rss = cls.server.rss_kib()

    def setUp(self):
        super().setUp()
        self.api.start("x", WAIT)
        self.before = self.server.dump()

    def tearDown(self):
        self.assertEqual(self.server.dump(), self.before)
        self.assertEqual(self.api.show("x")["status"], "WAITING_FOR_TIMER")
        self.assertLess(self.server.rss_kib(), self.rss + RSS_GROWTH_KIB)

    def head(self, *fields, line="POST %s HTTP/1.1" % HALT, without=(), length=len(DRY)):
        """A head that would be accepted, with fields added, or left out by name."""
        own = ["Host: 127.0.0.1", "Authorization: Bearer " + self.api.token,
               "Content-Type: application/json", "Connection: close"]
        if length is not None and "Transfer-Encoding" not in without:
            own.append("Content-Length: %d" % length)
        own = [field for field in own if field.split(":")[0] not in without]
        return "\r\n".join([line, *own, *fields, "", ""]).encode("latin-1")

    def statuses(self, data):
        """The statuses of all answers until the server has closed the connection."""
        got = self.server.raw(data)
        statuses, rest = [], got
        while True:
            found = re.match(rb"HTTP/1\.1 (\d{3}) ", rest)
            if not found:
                return statuses, got
            head, _, rest = rest.partition(b"\r\n\r\n")
            status = int(found.group(1))
            length = re.search(rb"\r\nContent-Length: (\d+)", head)
            if length:
                rest = rest[int(length.group(1)):]
            if status >= 200:
                statuses.append(status)

    def assert_refused(self, data, *allowed):
        """One answer of an allowed status (0: none, closed without a word), then closed."""
        statuses, got = self.statuses(data)
        self.assertLessEqual(len(statuses), 1, got[:600])
        self.assertIn(statuses[0] if statuses else 0, allowed, (data[:300], got[:600]))
        for secret in (b"/work", b"SELECT", b"sqlite", b".c:"):
            self.assertNotIn(secret, got)
        return got

    def assert_accepted(self, data):
        statuses, got = self.statuses(data)
        self.assertEqual(statuses[-1:], [200], (data[:300], got[:600]))
        self.assertIn(b"would_halt", got)


class Transport(RawCase):
    def test_x0_the_request_itself_is_accepted(self):
        self.assert_accepted(self.head() + DRY)

    def test_x1_two_lengths_or_none_that_is_a_number(self):
        n = len(DRY)
        for fields in (["Content-Length: %d" % n] * 2,
                       ["Content-Length: %d" % n, "Content-Length: %d" % (n - 1)],
                       ["Content-Length: %d" % n, "Transfer-Encoding: chunked"],
                       ["Transfer-Encoding: chunked", "Content-Length: %d" % n],
                       ["Content-Length: +%d" % n], ["Content-Length: -1"],
                       ["Content-Length: %d, %d" % (n, n)], ["Content-Length: 0x10"],
                       ["Content-Length: 1 1"], ["Content-Length: "], ["Content-Length: a"]):
            self.assert_refused(self.head(*fields, length=None) + DRY, 400)
        for size in (2 ** 63, 2 ** 64, 2 ** 64 + n, 10 ** 40):
            self.assert_refused(self.head("Content-Length: %d" % size, length=None) + DRY, 400, 413)

    def test_x2_codings_and_the_layout_of_the_head(self):
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(DRY), DRY)
        self.assert_accepted(self.head("Transfer-Encoding: chunked", length=None) + chunked)
        halves = b"10\r\n" + DRY[:16] + b"\r\n" + b"%X\r\n" % (len(DRY) - 16) + DRY[16:]
        self.assert_accepted(self.head("transfer-encoding: Chunked", length=None) + halves +
                             b"\r\n0\r\n\r\n")
        for coding in ("gzip", "identity", "chunked, gzip", "gzip, chunked", "chunked, chunked",
                       "xchunked", "chunked;a=b", ""):
            self.assert_refused(self.head("Transfer-Encoding: " + coding, length=None) + chunked,
                                400, 501)
        for field in ("X-A : b", "X-A\x00: b", "X-A: b\x00c", "X-A: b\x01c", "X-A: b\x7fc",
                      "X A: b", ": b", "X-A", "X-A: b\r\n folded", "X-A: b\r\n\tfolded",
                      "X-A: b\nX-B: c", "X-A: b\rX-B: c", "X(A): b",
                      "Transfer-Encoding : chunked"):
            self.assert_refused(self.head(field) + DRY, 400)
        head = self.head().replace(b"\r\n", b"\n")
        self.assert_refused(head + DRY, 400)
        for line in ("POST  %s HTTP/1.1", "POST %s  HTTP/1.1", "POST\t%s HTTP/1.1", " POST %s HTTP/1.1",
                     "POST %s HTTP/1.1 "):
            self.assert_refused(self.head(line=line % HALT) + DRY, 400, 405, 501, 505, 0)

    def test_x3_the_host(self):
        self.assert_accepted(self.head("Host: localhost:80", without=["Host"]) + DRY)
        self.assert_refused(self.head(without=["Host"]) + DRY, 400)
        self.assert_refused(self.head("Host: 127.0.0.1") + DRY, 400)
        self.assert_refused(self.head("Host: other") + DRY, 400)
        for bad in ("", "a b", "a/b", "a@b", "a,b"):
            self.assert_refused(self.head("Host: " + bad, without=["Host"]) + DRY, 400)
        self.assert_refused(self.head(line="POST http://other%s HTTP/1.1" % HALT) + DRY, 400)
        self.assert_refused(self.head(line="POST other HTTP/1.1") + DRY, 400)
        self.assert_refused(self.head(line="POST * HTTP/1.1") + DRY, 400)

    def test_x4_the_size_of_the_head(self):
        self.assert_accepted(self.head(*["X-A%d: b" % i for i in range(90)]) + DRY)
        self.assert_accepted(self.head("X-A: " + "b" * 12000) + DRY)
        self.assert_refused(self.head(*["X-A%d: b" % i for i in range(100)]) + DRY, 431)
        self.assert_refused(self.head("X-A: " + "b" * 17000) + DRY, 431)
        self.assert_refused(self.head(*["X-A: " + "b" * 900] * 20) + DRY, 431)
        self.assert_refused(self.head("X-A: " + "b" * 10 ** 6) + DRY, 431, 0)
        self.assert_refused(self.head(line="POST %s?%s HTTP/1.1" % (HALT, "a" * 8000)) + DRY, 400)
        self.assert_refused(self.head(line="POST %s?%s HTTP/1.1" % (HALT, "a" * 8200)) + DRY, 414)
        self.assert_refused(self.head(line="POST /%s HTTP/1.1" % ("a" * 20000)) + DRY, 414, 431)

    def test_x5_a_body_beyond_the_limit_is_413_at_the_limit(self):
        fits = b'{"plan_execution_id":"x","dry_run":true,"input":"%s"}' % (b"i" * 262142)
        self.assert_accepted(self.head(length=len(fits)) + fits)
        # Announced: refused before the body is sent.
        self.assert_refused(self.head(length=327681), 413)
        # Chunked: refused long before its end.
        begun = self.head("Transfer-Encoding: chunked", length=None)
        self.assert_refused(begun + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 6, 413)
        # A small route has a smaller one.
        pause = "POST %spause_execution HTTP/1.1" % PREFIX
        self.assert_refused(self.head(line=pause, length=65537), 413)

    def test_x6_chunks(self):
        begun = self.head("Transfer-Encoding: chunked", length=None)
        for size in (b"FFFFFFFFFFFFFFFF", b"FFFFFFFFFFFFFFF", b"50001"):
            self.assert_refused(begun + size + b"\r\n" + b" " * 400000, 413)
        for size in (b"10000000000000000", b"-1", b"+5", b"0x5", b"g", b"", b"5 5"):
            self.assert_refused(begun + size + b"\r\n" + DRY + b"\r\n0\r\n\r\n", 400, 413, 0)
        self.assert_refused(begun + b"5\r\nabcdefgh\r\n0\r\n\r\n", 400, 0)
        # 500 is what libmicrohttpd 0.9 says by itself when its buffer is full.
        self.assert_refused(begun + b"%x;" % len(DRY) + b"e" * 10 ** 6, 400, 413, 431, 500, 0)
        # What a trailer says is not believed.
        bare = self.head("Transfer-Encoding: chunked", length=None, without=["Authorization"])
        self.assert_refused(bare + b"%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n" %
                            (len(DRY), DRY, self.api.token.encode()), 400, 401)

    def test_x7_slow_ones_do_not_hinder_the_others(self):
        slow = []
        for i in range(200):
            sock = socket.create_connection(("127.0.0.1", self.server.port))
            sock.sendall(self.head(length=50)[:20 + i * 2])
            slow.append(sock)
        begin = time.monotonic()
        self.assert_accepted(self.head() + DRY)
        self.assertLess(time.monotonic() - begin, 3)
        for sock in slow:
            sock.close()

    def test_x8_expect(self):
        statuses, got = self.statuses(self.head("Expect: 100-continue") + DRY)
        self.assertEqual(statuses[-1], 200, got[:600])
        self.assert_refused(self.head("Expect: 200-ok") + DRY, 417)
        self.assert_refused(self.head("Expect: 100-continue", length=400000), 413)

    def test_x9_a_compressed_body(self):
        for coding in ("gzip", "identity", "br"):
            self.assert_refused(self.head("Content-Encoding: " + coding) + DRY, 415)

    def test_x10_the_content_type(self):
        for good in ("application/json; charset=utf-8", "Application/JSON",
                     "application/json;charset=UTF-8", 'application/json; charset="utf-8"'):
            self.assert_accepted(self.head("Content-Type: " + good, without=["Content-Type"]) + DRY)
        for bad in ("text/plain", "application/json; charset=latin1", "application/jsonx", "",
                    "multipart/form-data; boundary=a", "application/json, text/plain",
                    "application/x-www-form-urlencoded", "application/json; a=b"):
            self.assert_refused(self.head("Content-Type: " + bad, without=["Content-Type"]) + DRY,
                                415)
        self.assert_refused(self.head(without=["Content-Type"]) + DRY, 415)
        self.assert_refused(self.head("Content-Type: text/plain") + DRY, 415)

    def test_x11_methods(self):
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
            got = self.assert_refused(self.head(line="%s %s HTTP/1.1" % (method, HALT)) + DRY, 405)
            self.assertIn(b"allow: post\r\n", got.lower())
        self.assert_refused(self.head(line="HEAD %s HTTP/1.1" % HALT, length=0), 405)
        for method in ("TRACE", "CONNECT", "post", "POSTS", "HALT", "P" * 5000):
            self.assert_refused(self.head(line="%s %s HTTP/1.1" % (method, HALT)) + DRY, 405, 501,
                                431, 414, 400)
        got = self.assert_refused(self.head(line="POST %sexecutions HTTP/1.1" % PREFIX) + DRY, 405)
        self.assertIn(b"allow: get, head\r\n", got.lower())

    def test_x12_the_path_is_decided_as_it_came(self):
        for path in ("/api/v3/orchestration/%2e%2e/halt_execution", HALT + "%00", HALT + "%2f",
                     "/api/v3/orchestration%2fhalt_execution", "//api/v3/orchestration/halt_execution",
                     "/api/v3//orchestration/halt_execution", HALT + "/", HALT + ";x",
                     HALT + "/configs", "/api/v3/orchestration/./halt_execution",
                     "/api/v3/orchestration/../orchestration/halt_execution",
                     "/api/v3/orchestration/halt%5fexecution", HALT + "%", HALT + "%zz", HALT + "%e",
                     HALT + "\xff", HALT + "%ff", HALT.upper(), "/", HALT + "#a", HALT + "\\"):
            self.assert_refused(self.head(line="POST %s HTTP/1.1" % path) + DRY, 400, 404)
        for path in ("executions/x/configs", "executions/%2e%2e/x", "executions//x", "executions/x/",
                     "executions/x%00", "executions/x/tree/../../../livez", "executions/%2fx",
                     "../../../livez", "executions/x;y", "executions/x%20", "executions/" + "x" * 200):
            self.assert_refused(self.head(line="GET %s%s HTTP/1.1" % (PREFIX, path), length=None),
                                400, 404)

    def test_x13_query_parameters(self):
        for query in ("?a=b", "?dry_run=true", "?access_token=" + self.api.token):
            self.assert_refused(self.head(line="POST %s%s HTTP/1.1" % (HALT, query)) + DRY, 400)
        for query in ("?a=b", "?limit=1&limit=1", "?limit=0", "?limit=x", "?limit=1001", "?limit=",
                      "?cursor=x", "?status=HALTED", "?limit=%31%", "?limit", "?limit=1&&"):
            self.assert_refused(self.head(line="GET %sexecutions%s HTTP/1.1" % (PREFIX, query),
                                          length=None), 400)
        for query in ("", "?limit=1", "?limit=1000&status=SUCCESS", "?%6cimit=1"):
            statuses, got = self.statuses(self.head(
                line="GET %sexecutions%s HTTP/1.1" % (PREFIX, query), length=None))
            if query != "?%6cimit=1":
                self.assertEqual(statuses, [200], (query, got[:500]))

    def test_x14_other_protocols(self):
        self.assert_refused(self.head(line="POST %s HTTP/1.0" % HALT) + DRY, 505)
        self.assert_refused(self.head(line="POST %s HTTP/1.2" % HALT) + DRY, 505)
        self.assert_refused(self.head(line="POST %s HTTP/2.0" % HALT) + DRY, 505, 400)
        self.assert_refused(self.head(line="POST %s http/1.1" % HALT) + DRY, 505, 400)
        self.assert_refused(b"GET /livez\r\n\r\n", 505, 400, 0)
        self.assert_refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505, 400, 0)
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(190)) + b"\n\n\r\n\r\n"
        self.assert_refused(hello, 505, 400, 0)

    def test_x15_what_was_pipelined_after_an_error_is_not_answered(self):
        keep = self.head("Connection: keep-alive", without=["Connection"]) + DRY
        statuses, got = self.statuses(keep + keep + self.head() + DRY)
        self.assertEqual(statuses, [200, 200, 200], got[:600])
        bad = self.head("Host: other", "Connection: keep-alive", without=["Connection"]) + DRY
        self.assert_refused(bad + self.head() + DRY, 400)
        self.assert_refused(self.head("Connection: keep-alive", length=400000,
                                      without=["Connection"]) + self.head() + DRY, 413)

    def test_u18_authorization(self):
        bearer = "Authorization: Bearer " + self.api.token
        self.assert_accepted(self.head(bearer.replace("Bearer", "bearer"),
                                       without=["Authorization"]) + DRY)
        for fields in ([], [bearer, bearer], [bearer.replace("Bearer ", "Bearer  ")],
                       [bearer.replace("Bearer", "Basic")], ["Authorization: " + self.api.token],
                       [bearer + ", " + self.api.token], ["Cookie: token=" + self.api.token],
                       [bearer + "A" * 9000], ["Authorization: Bearer"],
                       ["Authorization: Bearer a.b.c"], [bearer[:-1]], [bearer + "."]):
            got = self.assert_refused(self.head(*fields, without=["Authorization"]) + DRY, 401)
            self.assertIn(b"www-authenticate: bearer\r\n", got.lower())

    def test_random_bytes_never_hurt(self):
        chance = random.Random(7)
        whole = self.head() + b'{"plan_execution_id":"nobody"}' + b" " * (len(DRY) - 30)
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(chance.randrange(1, 6)):
                at = chance.randrange(len(data))
                kind = chance.randrange(3)
                if kind == 0:
                    data[at] = chance.randrange(256)
                elif kind == 1:
                    del data[at:at + chance.randrange(1, 9)]
                else:
                    data[at:at] = bytes(chance.randrange(256) for _ in range(3))
            with socket.create_connection(("127.0.0.1", self.server.port)) as sock:
                sock.sendall(bytes(data))
                sock.shutdown(socket.SHUT_WR)
        self.assert_accepted(self.head() + DRY)


class Json(RawCase):
    def refuse(self, text, pointer=None, verb="halt_execution"):
        begin = time.monotonic()
        answer = self.api.call("POST", verb, text if isinstance(text, bytes) else text.encode())
        problem = self.refused(answer, 400, "INVALID_REQUEST")
        if pointer is not None:
            self.assertEqual(problem["pointer"], pointer, answer)
        self.assertLess(time.monotonic() - begin, 3)
        return problem

    def member(self, value):
        return b'{"plan_execution_id":"x","dry_run":true,"input":' + value + b"}"

    def accept(self, value):
        answer = self.api.call("POST", "halt_execution", self.member(value))
        self.assertEqual(answer.status, 200, answer)

    def test_j1_not_an_object(self):
        for text in ("", " ", "null", "[]", "1", '"x"', "true", '[{"plan_execution_id":"x"}]'):
            self.refuse(text)

    def test_j2_depth(self):
        self.accept(b"[" * 62 + b"]" * 62)
        for depth in (65, 1000, 100000):
            self.refuse(self.member(b"[" * depth + b"]" * depth))
            self.refuse(self.member(b'{"a":' * min(depth, 30000) + b"1" +
                                    b"}" * min(depth, 30000)))
        self.refuse(b"[" * 300000)

    def test_j3_duplicate_keys(self):
        self.accept(b'{"a":1,"A":2}')
        self.refuse(self.member(b'{"a":1,"a":2}'), "/input/a")
        self.refuse(self.member(b'{"a":1,"\\u0061":2}'))
        self.refuse('{"plan_execution_id":"nobody","plan_execution_id":"x"}', "/plan_execution_id")
        self.refuse('{"plan_execution_id":"nobody","plan_execution_\\u0069d":"x"}')

    def test_j4_what_is_not_json(self):
        for value in (b"[1,]", b"{,}", b'{"a":1,}', b"[1 2]", b"NaN", b"Infinity", b"-Infinity",
                      b"01", b"+1", b".5", b"1.", b"0x1", b"1e", b"'a'", b"/**/1", b"1//", b"True",
                      b"undefined", b'"a', b"[", b'"\\x41"', b'"\t"', b'"\n"', b"- 1", b""):
            self.refuse(self.member(value))
        good = self.member(b"1")
        for text in (b"\xef\xbb\xbf" + good, good + b"x", good + good, good + b"\0", b"\0" + good,
                     good + b",", good[:-1]):
            self.refuse(text)
        self.assertEqual(self.api.call("POST", "halt_execution", b" \r\n\t" + good + b"\n ").status,
                         200)

    def test_j5_numbers(self):
        for value in (b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 400, b"1e400",
                      b"-1e400"):
            self.refuse(self.member(value))
        for value in (b"9223372036854775807", b"-9223372036854775808", b"0.1", b"-0", b"-0.0",
                      b"1e308", b"5e-324", b"1e-400", b"123456789.123456789"):
            self.accept(value)

    def test_j6_unicode(self):
        for value in (b'"\xff"', b'"\xc0\xaf"', b'"\xe0\x80\xaf"', b'"\xed\xa0\x80"',
                      b'"\xf4\x90\x80\x80"', b'"\xc3"', b'"\\ud800"', b'"\\udc00"',
                      b'"\\ud800\\u0041"', b'"\\u0000"', b'{"\\u0000":1}', b'{"\xff":1}',
                      b'"a\0b"'):
            self.refuse(self.member(value))
        for value in ('"\u00e9\u20ac\U0001f600"', '"\\ud83d\\ude00"', '"\u007f"', '"\uffff"'):
            self.accept(value.encode())

    def test_j7_many_and_long_keys(self):
        many = ",".join('"k%d":%d' % (i, i) for i in range(16000)).encode()
        begin = time.monotonic()
        self.accept(b"{" + many + b"}")
        self.assertLess(time.monotonic() - begin, 3)
        self.refuse(b"{" + many + b"}", "/k0")
        self.refuse(b'{"' + b"k" * 300000 + b'":1}')
        self.accept(b'{"' + b"k" * 200000 + b'":1}')

    def test_j8_keys_of_other_languages_are_plain_data(self):
        self.accept(b'{"__proto__":{"a":1},"constructor":1,"$ref":"#","toString":null}')
        self.refuse('{"__proto__":{},"plan_execution_id":"x"}', "/__proto__")

    def test_j9_an_unknown_field_of_each_verb(self):
        bodies = {"create_plan": {"plan_id": "p", "definition": WAIT}, "run_plan": {"plan_id": "p"},
                  "halt_execution": {"plan_execution_id": "x"},
                  "halt_child_executions": {"plan_execution_id": "x"},
                  "verify_halt": {"halt_id": "h"}, "pause_execution": {"plan_execution_id": "x"},
                  "restart_execution": {"plan_execution_id": "x"},
                  "execution_callback": {"callback_token": "t", "output": 1},
                  "poll_task": {"task": "t", "worker": "w"},
                  "complete_task": {"task_token": "t", "output": 1},
                  "fail_task": {"task_token": "t", "error": "E"},
                  "heartbeat_task": {"task_token": "t"},
                  "complete_human_task": {"human_task_id": "h", "output": 1}}
        for verb, body in bodies.items():
            self.refuse(json.dumps(dict(body, operator_name="other")), "/operator_name", verb)
            self.refuse(json.dumps(dict(body, portal_id="other")), "/portal_id", verb)

    def test_j10_wrong_types_by_pointer(self):
        for field, values in {"dry_run": ("true", 1, 0, None), "plan_execution_id": (1, None, []),
                              "max_affected": ("1", 1.0, True), "reason": (1, {})}.items():
            for value in values:
                self.refuse(json.dumps({"plan_execution_id": "x", field: value}), "/" + field)

    def test_no_refusal_gives_the_value_back(self):
        canary = "canary-4711"
        for body in ({"plan_execution_id": canary + " "}, {"plan_execution_id": "x", "wait": canary},
                     {"plan_execution_id": "x", "dry_run": canary},
                     {"plan_execution_id": "x", "if_status": canary}):
            problem = self.refuse(json.dumps(body))
            self.assertNotIn(canary, str(problem))


class Tokens(Case):
    def test_t3_a_bad_result_leaves_the_attempt_open(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        for text in (b'{"task_token":"%s","output":' % token.encode(),
                     b'{"task_token":"%s","output":NaN}' % token.encode(),
                     b'{"task_token":"%s","output":"\xff"}' % token.encode()):
            self.assertEqual(self.api.call("POST", "complete_task", text).status, 400)
        big = b'{"task_token":"%s","output":"%s"}' % (token.encode(), b"r" * 400000)
        got = self.server.raw(b"POST %scomplete_task HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                              b"%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" %
                              (PREFIX.encode(), self.api.token.encode(), len(big)) + big)
        self.assertTrue(got.startswith(b"HTTP/1.1 413"), got[:300])
        self.assertEqual(self.api.status("x"), "EXECUTING")
        self.api.ok("complete_task", task_token=token, output=1)

    def test_t4_a_flood_of_heartbeats_harms_nobody(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        rows = self.server.one("SELECT count(*) FROM reservations")
        for _ in range(300):
            self.assertIn(self.api.post("heartbeat_task", {"task_token": token}).status, (200, 429))
        self.assertEqual(self.server.one("SELECT count(*) FROM reservations"), rows)
        self.api.ok("complete_task", task_token=token, output=1)


if __name__ == "__main__":
    unittest.main()
