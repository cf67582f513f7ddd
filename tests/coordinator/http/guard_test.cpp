#include "coordinator/http/guard.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

TEST(Guard, loopback_is_an_address_and_not_the_beginning_of_a_name) {
  for (const char* host :
       {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host :
       {"127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "127.0.0.1.", "127.1",
        "2130706433", "0x7f.0.0.1", "", "0.0.0.0", "10.0.0.1", "128.0.0.1", "::", "::ffff:10.0.0.1",
        "evil.example", "127.0.0.1 ", "127.0.0.256"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Guard, a_host_is_ours_with_a_port_or_without) {
  for (const char* host : {"localhost", "localhost:7070", "127.0.0.1:1", "[::1]", "[::1]:7070"}) {
    EXPECT_FALSE(refuse_stranger({"GET", host, "", ""})) << host;
  }
  for (const char* host :
       {"127.evil.com", "127.evil.com:7070", "127.0.0.1.evil.com:80", "localhost.evil.com",
        "localhost:evil.com", "[::1", "[::1]evil.com", "localhost:", "127.0.0.1:7070:1", "::1",
        "user@localhost", "evil.com:127"}) {
    const auto refused = refuse_stranger({"GET", host, "", ""});
    ASSERT_TRUE(refused) << host;
    EXPECT_EQ(refused->status, 403) << host;
  }
}

TEST(Guard, a_page_of_another_origin_may_read_blindly_and_change_nothing) {
  struct Row {
    std::string origin;
    std::string site;
    bool ours;
  };
  const std::string host = "localhost:7070";
  for (const Row& row : std::vector<Row>{{"", "", true},
                                         {"http://localhost:7070", "same-origin", true},
                                         {"https://localhost:7070", "", true},
                                         {"", "none", true},
                                         {"http://LOCALHOST:7070", "", true},
                                         {"http://evil.example", "", false},
                                         {"null", "", false},
                                         {"http://localhost:8080", "same-site", false},
                                         {"http://localhost", "", false},
                                         {"http://localhost:7070.evil.com", "", false},
                                         {"", "cross-site", false},
                                         {"", "same-site", false},
                                         {"http://localhost:7070", "cross-site", false}}) {
    SCOPED_TRACE(row.origin + " " + row.site);
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
      const auto refused = refuse_stranger({method, host, row.origin, row.site});
      EXPECT_EQ(refused.has_value(), !row.ours) << method;
      EXPECT_EQ(refused ? refused->status : 403, 403);
    }
    EXPECT_FALSE(refuse_stranger({"GET", host, row.origin, row.site}));
    EXPECT_FALSE(refuse_stranger({"HEAD", host, row.origin, row.site}));
  }
}

}  // namespace
}  // namespace pare::coordinator
