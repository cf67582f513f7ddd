#include "cli/service.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/card.h"
#include "coordinator/http/server.h"
#include "tests/coordinator/http/service_fixture.h"
#include "wire/sha256.h"

namespace pare::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A real server over the store in memory.
class ServiceTest : public coordinator::ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    coordinator::ServerOptions options;
    options.port = 0;
    options.threads = 4;
    server_.emplace(coordinator::make_routes(*services_), options);
    url_ = "http://127.0.0.1:" + std::to_string(server_->start().value());
  }
  void TearDown() override {
    server_.reset();
    ServiceFixture::TearDown();
  }
  fs::path file(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  Service service() const { return Service::at(url_).value(); }
  Result<std::monostate> download(const std::string& path, const std::string& sha256,
                                  const fs::path& file) const {
    OutputFile out = OutputFile::create(file).value();
    const auto size = service().download(path, sha256, out);
    if (!size) return size.error();
    return out.keep();
  }

  std::optional<coordinator::HttpServer> server_;
  std::string url_;
};

TEST_F(ServiceTest, a_file_is_uploaded_once_and_comes_back_verified) {
  std::string bytes(700'000, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 13 % 251);
  const fs::path original = file("original", bytes);
  int reports = 0;
  const auto progress = [&](Bytes done, Bytes total) {
    ++reports;
    EXPECT_LE(done, total);
  };
  const auto sha256 = service().upload(original, progress);
  ASSERT_TRUE(sha256) << sha256.error().message;
  EXPECT_EQ(sha256.value(), wire::sha256_hex(bytes));
  EXPECT_GT(reports, 1);
  reports = 0;
  EXPECT_TRUE(service().upload(original, progress));
  EXPECT_EQ(reports, 0);  // it was there

  const fs::path copy = folder_ / "copy";
  ASSERT_TRUE(download("/v1/blobs/" + sha256.value(), sha256.value(), copy));
  EXPECT_EQ(read(copy), bytes);
}

TEST_F(ServiceTest, bytes_with_another_digest_never_become_the_file) {
  const auto sha256 = service().upload(file("a", "abc"), [](Bytes, Bytes) {});
  const fs::path copy = folder_ / "copy";
  const std::string other = wire::sha256_hex("something else");
  const auto refused = download("/v1/blobs/" + sha256.value(), other, copy);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(other), std::string::npos);
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_FALSE(fs::exists(copy.string() + ".part"));
  EXPECT_EQ(download("/v1/blobs/" + other, other, copy).error().code, ErrorCode::kNotFound);
}

TEST_F(ServiceTest, a_file_over_the_limit_is_refused_before_it_is_sent) {
  const auto refused =
      service().upload(file("big", std::string((1 << 20) + 1, 'x')), [](Bytes, Bytes) {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the service takes at most 1048576"), std::string::npos);
}

TEST_F(ServiceTest, what_the_service_refuses_is_one_sentence_and_nobody_there_is_another) {
  const auto refused = service().post("/v1/targets", {{"name", "x"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("runtime"), std::string::npos);
  EXPECT_EQ(service().get("/v1/jobs/7").error().code, ErrorCode::kNotFound);
  server_->stop();
  EXPECT_EQ(service().get("/v1/jobs").error().code, ErrorCode::kUnavailable);
}

TEST_F(ServiceTest, a_list_is_read_to_its_end) {
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(service().post("/v1/targets", {{"name", name}, {"runtime", "r"}}));
  }
  EXPECT_EQ(service().list("/v1/targets").value().size(), 3U);
}

TEST_F(ServiceTest, an_address_that_is_none_is_refused) {
  for (const char* bad : {"", "localhost:7070", "ftp://x", "http://", "https://", "http://x/y"}) {
    EXPECT_FALSE(Service::at(bad)) << bad;
  }
}

TEST_F(ServiceTest, a_preset_and_a_card_agree_or_are_refused) {
  EXPECT_EQ(card_of({.preset = "yolox", .file = "", .input = ""}).value()["head"], "yolox");
  EXPECT_TRUE(card_of({}).value().empty());
  const std::string card = file("card.json", R"({"head": "yolov5", "input": [320, 320]})").string();
  EXPECT_EQ(card_of({"yolov5", card, ""}).value()["input"], (json{320, 320}));
  EXPECT_FALSE(card_of({"yolox", card, ""}));
  EXPECT_FALSE(card_of({"", file("bad.json", "{").string(), ""}));
  EXPECT_FALSE(card_of({"", file("worse.json", R"({"hat": 1})").string(), ""}));
}

TEST_F(ServiceTest, the_input_of_the_command_line_goes_into_the_card) {
  EXPECT_EQ(card_of({"", "", "480x640"}).value(), (json{{"input", {480, 640}}}));
  EXPECT_EQ(card_of({"", "", "320"}).value(), (json{{"input", {320, 320}}}));
  const std::string card = file("sized.json", R"({"input": [320, 320]})").string();
  EXPECT_TRUE(card_of({"", card, "320x320"}));
  EXPECT_NE(card_of({"", card, "320x640"}).error().message.find("--input says [320,640]"),
            std::string::npos);
  for (const char* bad : {"x", "480x", "x640", "480x640x3", "0x640", "-1x5", "4.5", "480 x 640"}) {
    EXPECT_FALSE(card_of({"", "", bad})) << bad;
  }
}

}  // namespace
}  // namespace pare::cli
