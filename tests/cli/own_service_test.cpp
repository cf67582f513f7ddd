// Which addresses are this machine's, where a service may be started.
#include "cli/own_service.h"

#include <gtest/gtest.h>

namespace pare::cli {
namespace {

TEST(OwnService, OnlyAddressesOfThisMachineHaveAPortToStartOn) {
  EXPECT_EQ(local_port("http://127.0.0.1:7070"), 7070);
  EXPECT_EQ(local_port("http://localhost:1"), 1);
  EXPECT_EQ(local_port("http://127.0.0.1"), 80);
  for (const char* other :
       {"https://127.0.0.1:7070", "http://127.0.0.1.example.com:7070", "http://10.0.0.1:7070",
        "http://127.0.0.1:", "http://127.0.0.1:70x", "http://127.0.0.1:0", "http://127.0.0.1:65535",
        "http://localhosts:1", "http://127.0.0.1:70707", ""}) {
    EXPECT_EQ(local_port(other), 0) << other;
  }
}

}  // namespace
}  // namespace pare::cli
