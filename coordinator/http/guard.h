// Whom the service answers, as long as there are no tokens: programs on this machine, and no page
// that a browser got elsewhere.
//
// A page may send requests to the loopback (their answers it cannot read), and a name of its own
// may resolve to 127.0.0.1 (then it can).  The first is seen by Origin and Sec-Fetch-Site, which
// a page cannot forge, the second by Host.  Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coordinator/http/message.h"

namespace pare::coordinator {

// True for "localhost", an address of 127.0.0.0/8 in dotted decimals, and ::1; for no other name,
// whatever it resolves to.
bool is_loopback(const std::string& host);

// What a request says of where it comes from; empty: it does not say.
struct Provenance {
  std::string_view method;
  std::string host;        // the Host header, with a port or without
  std::string origin;      // the Origin header
  std::string fetch_site;  // the Sec-Fetch-Site header
};

// Why a request is not answered; nullopt: it may be.  Requests that only read may come from any
// page: it does not get to see the answer.
std::optional<Response> refuse_stranger(const Provenance& request);

}  // namespace pare::coordinator
