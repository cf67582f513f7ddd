// One document as Markdown and as HTML: strangers' texts stay texts.
#include "coordinator/report/document.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pare::coordinator {
namespace {

// Every kind of block, with the text in each place where one may stand.
ReportDocument document_of(const std::string& text) {
  ReportDocument report;
  report.title = text;
  report.lead = text;
  report.blocks = {ReportHeading{text},
                   ReportParagraph{text},
                   ReportList{{text, text}},
                   ReportTable{{{text, ReportColumn::Kind::kText},
                                {text, ReportColumn::Kind::kNumber},
                                {text, ReportColumn::Kind::kCode}},
                               {{text, text, text}}},
                   ReportFigure{"<svg></svg>", text},
                   ReportCode{text}};
  report.foot = text;
  return report;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

// Whatever stands in the texts, the page has the elements that it has with harmless ones.
TEST(ReportDocument, NoTextBecomesAnElement) {
  const std::string harmless = to_html(document_of("plain"));
  constexpr std::string_view kPieces[] = {"<", ">", "\"", "'", "&", "script", "/", "=", " ", "\n"};
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += kPieces[random() % std::size(kPieces)];
    const std::string page = to_html(document_of(text));
    EXPECT_EQ(count_of(page, "<"), count_of(harmless, "<")) << text;
    EXPECT_EQ(count_of(page, "\""), count_of(harmless, "\"")) << text;
  }
}

TEST(ReportDocument, APageHasNoScriptAndNothingFromElsewhere) {
  const std::string page = to_html(document_of("x"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("http"), page.find("http-equiv")) << "an address of somewhere else";
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(ReportDocument, MarkdownIsWhatItWouldBeByHand) {
  ReportDocument report;
  report.title = "Job 7: my_net on boards";
  report.lead = "succeeded";
  report.blocks = {ReportHeading{"The front"},
                   ReportTable{{{"plan", ReportColumn::Kind::kCode},
                                {"mAP", ReportColumn::Kind::kNumber},
                                {"what", ReportColumn::Kind::kText}},
                               {{"0123456789", "33.4 [31.0, 35.2]", "a|b"}}},
                   ReportList{{"- no list in a list", "*no* _emphasis_ <b>"}},
                   ReportCode{"pare pareto 7\npare jobs"}};
  report.foot = "Pare";
  EXPECT_EQ(to_markdown(report),
            "# Job 7: my_net on boards\n\nsucceeded\n\n"
            "## The front\n\n"
            "| plan | mAP | what |\n| --- | ---: | --- |\n"
            "| `0123456789` | 33.4 [31.0, 35.2] | a\\|b |\n\n"
            "- \\- no list in a list\n- \\*no\\* \\_emphasis\\_ \\<b>\n\n"
            "    pare pareto 7\n    pare jobs\n\n"
            "---\n\nPare\n");
}

// A row is one line with as many cells as columns, whatever stands in it.
TEST(ReportDocument, NothingInACellEndsItsRow) {
  const std::string text = to_markdown(document_of("a|b\nc`d\\|e"));
  const std::size_t rule = text.find("| --- | ---: | --- |\n");
  ASSERT_NE(rule, std::string::npos);
  const std::size_t row = text.find('\n', rule) + 1;
  const std::string line = text.substr(row, text.find('\n', row) - row);
  EXPECT_TRUE(line.starts_with("| ") && line.ends_with(" |")) << line;
}

}  // namespace
}  // namespace pare::coordinator
