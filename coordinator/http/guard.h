// Whom the service answers: no page that a browser got elsewhere, and where it asks for no tokens
// only programs on this machine.
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

// Which names a request may have for this service.
enum class Hosts : bool {
  kLoopback,  // nothing else protects it from a name of somebody else's that resolves to it
  kAny,       // a token does, which no page has
};

// Why a request is not answered; nullopt: it may be.  Requests that only read may come from any
// page: it does not get to see the answer.
std::optional<Response> refuse_stranger(const Provenance& request, Hosts hosts = Hosts::kLoopback);

}  // namespace pare::coordinator
