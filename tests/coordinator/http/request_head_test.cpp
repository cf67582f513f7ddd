#include "coordinator/http/request_head.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

RequestHead parsed(const std::string& text) {
  const auto head = parse_head(text);
  EXPECT_TRUE(head.has_value()) << text;
  return head ? head.value() : RequestHead{};
}

TEST(RequestHead, ends_with_an_empty_line) {
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r\nrest"), 18U);
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r"), std::nullopt);
  EXPECT_EQ(head_length("GET / HTTP/1.1\n\n"), std::nullopt);
}

TEST(RequestHead, path_query_and_headers_are_read) {
  const RequestHead head = parsed(
      "GET /v1/jobs/a%20b+c?limit=5&x=%C3%A4+o&empty=&bare HTTP/1.1\r\nHOST:  localhost:1 \r\n"
      "Content-Length: 12\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/v1/jobs/a b+c");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"limit", "5"}, {"x", "\xc3\xa4 o"}, {"empty", ""}, {"bare", ""}};
  EXPECT_EQ(head.query, query);
  EXPECT_EQ(head.header("host"), "localhost:1");
  EXPECT_EQ(head.header("accept"), "");
  EXPECT_EQ(head.content_length(), 12);
  EXPECT_TRUE(head.has_body());
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, a_connection_stays_open_as_the_version_and_the_header_say) {
  const auto kept = [](const std::string& version, const std::string& header) {
    return parsed("GET / HTTP/" + version + "\r\nHost: a\r\n" + header + "\r\n").keep_alive;
  };
  EXPECT_TRUE(kept("1.1", ""));
  EXPECT_FALSE(kept("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(kept("1.0", ""));
  EXPECT_TRUE(kept("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestHead, what_can_be_read_in_two_ways_is_refused) {
  const std::string host = "Host: a\r\n";
  for (const std::string& bad : std::vector<std::string>{
           "rubbish\r\n\r\n", "\r\n", "GET /\r\n" + host + "\r\n",
           "GET / HTTP/2.0\r\n" + host + "\r\n", "GET / HTTP/1.1 \r\n" + host + "\r\n",
           "GET http://a/ HTTP/1.1\r\n" + host + "\r\n", "GET * HTTP/1.1\r\n" + host + "\r\n",
           "GET /a b HTTP/1.1\r\n" + host + "\r\n", "GET /a#b HTTP/1.1\r\n" + host + "\r\n",
           "G@T / HTTP/1.1\r\n" + host + "\r\n", " GET / HTTP/1.1\r\n" + host + "\r\n",
           "GET / HTTP/1.1\r\n" + host + "a b: c\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "a : c\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + " folded: c\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "nothing\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + ": c\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "a: b\nc: d\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + host + "\r\n"}) {
    EXPECT_FALSE(parse_head(bad)) << bad;
  }
}

TEST(RequestHead, a_length_is_one_whole_number) {
  for (const char* lines : {"Content-Length: -1\r\n", "Content-Length: 1x\r\n",
                            "Content-Length: \r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
                            "Content-Length: 99999999999999999999\r\n", "Content-Length: +1\r\n"}) {
    const RequestHead head = parsed(std::string("PUT / HTTP/1.1\r\nHost: a\r\n") + lines + "\r\n");
    EXPECT_EQ(head.content_length(), std::nullopt) << lines;
    EXPECT_TRUE(head.has_body()) << lines;
  }
}

}  // namespace
}  // namespace pare::coordinator
