#include "coordinator/http/response_head.h"

#include <string_view>
#include <utility>

namespace pare::coordinator {
namespace {

constexpr std::pair<int, std::string_view> kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

std::string_view reason_of(int status) {
  for (const auto& [known, reason] : kReasons) {
    if (known == status) return reason;
  }
  return status < 400 ? "OK" : "Error";
}

// A header is one line, whatever its value was made of.
std::string one_line(std::string value) {
  for (char& c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return value;
}

}  // namespace

std::string response_head(const Response& response, bool close) {
  const std::int64_t length =
      response.file ? response.file->length.count : static_cast<std::int64_t>(response.body.size());
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(reason_of(response.status)) + "\r\n";
  head += "Content-Type: " + one_line(response.content_type) + "\r\n";
  // With 304 it would be the length of what is not sent.
  if (response.status != 304) head += "Content-Length: " + std::to_string(length) + "\r\n";
  head += "X-Content-Type-Options: nosniff\r\n";
  head += std::string("Connection: ") + (close ? "close" : "keep-alive") + "\r\n";
  for (const auto& [name, value] : response.headers) {
    head += name + ": " + one_line(value) + "\r\n";
  }
  return head + "\r\n";
}

}  // namespace pare::coordinator
