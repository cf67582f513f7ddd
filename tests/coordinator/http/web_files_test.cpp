#include "coordinator/http/web_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

// A page with a script, as the build leaves them, and a secret beside its folder.
class WebFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("web_files_") + info->name());
    fs::remove_all(folder_);
    write(folder_ / "web/index.html", "<html>");
    write(folder_ / "web/assets/page-1A.js", "run()");
    write(folder_ / "web/assets/page-1A.js.gz", "pressed");
    write(folder_ / "web/assets/icon-2B.svg", "<svg>");
    write(folder_ / "secret.js", "secret");
    files_ = WebFiles::read(folder_ / "web").value();
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
  WebFiles files_;
};

TEST_F(WebFilesTest, a_folder_without_a_page_is_refused_by_name) {
  const auto read = WebFiles::read(folder_ / "nowhere");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(read.error().message, HasSubstr("nowhere"));
}

TEST_F(WebFilesTest, the_page_is_asked_for_anew_and_its_files_are_kept_for_good) {
  const Response page = reply_page({}, files_);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<html>");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.at("Cache-Control"), "no-cache");
  const Response script = reply_asset({}, files_, "page-1A.js");
  EXPECT_EQ(script.body, "run()");
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(script.headers.at("Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(reply_asset({}, files_, "icon-2B.svg").content_type, "image/svg+xml");
}

TEST_F(WebFilesTest, scripts_and_styles_come_from_here_alone) {
  for (const Response& response : {reply_page({}, files_), reply_asset({}, files_, "page-1A.js")}) {
    const std::string& policy = response.headers.at("Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("script-src 'self'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe")));
  }
}

TEST_F(WebFilesTest, whoever_takes_gzip_gets_what_was_compressed) {
  Request request;
  request.accept_encoding = "br, gzip";
  const Response script = reply_asset(request, files_, "page-1A.js");
  EXPECT_EQ(script.body, "pressed");
  EXPECT_EQ(script.headers.at("Content-Encoding"), "gzip");
  EXPECT_EQ(script.headers.at("Vary"), "Accept-Encoding");
  EXPECT_EQ(reply_asset(request, files_, "icon-2B.svg").body, "<svg>") << "nothing was gained";
}

TEST_F(WebFilesTest, whoever_has_it_is_told_so) {
  Request request;
  request.if_none_match = reply_page({}, files_).headers.at("ETag");
  const Response page = reply_page(request, files_);
  EXPECT_EQ(page.status, 304);
  EXPECT_EQ(page.body, "");
  EXPECT_EQ(reply_asset(request, files_, "page-1A.js").status, 200) << "it is another file";
}

TEST_F(WebFilesTest, no_path_leaves_the_folder) {
  for (const char* const name : {"../../secret.js", "..", "", "../index.html", "./page-1A.js",
                                 "/etc/passwd", "page-1A.js.gz", "page-1A.js/", "PAGE-1A.js"}) {
    EXPECT_EQ(reply_asset({}, files_, name).status, 404) << name;
  }
}

TEST_F(WebFilesTest, where_there_is_no_page_the_reason_is_said) {
  const WebFiles none("its packages could not be had");
  EXPECT_TRUE(none.empty());
  const Response page = reply_page({}, none);
  EXPECT_EQ(page.status, 404);
  EXPECT_EQ(page.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("its packages could not be had"));
}

TEST(AcceptEncoding, says_whether_gzip_is_taken) {
  for (const char* const yes : {"gzip", "gzip, br", "br;q=1, gzip;q=0.5", "*", "deflate , gzip "}) {
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  }
  for (const char* const no : {"", "br", "identity", "gzip;q=0", "gzip; q=0.0", "x-gzip"}) {
    EXPECT_FALSE(takes_gzip(no)) << no;
  }
}

TEST(IfNoneMatch, names_a_tag_weakly) {
  for (const char* const yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"}) {
    EXPECT_TRUE(names_tag(yes, "\"a\"")) << yes;
    EXPECT_TRUE(names_tag(yes, "W/\"a\"")) << yes;
  }
  for (const char* const no : {"", "\"b\"", "a", "\"aa\""}) {
    EXPECT_FALSE(names_tag(no, "\"a\"")) << no;
  }
}

}  // namespace
}  // namespace pare::coordinator
