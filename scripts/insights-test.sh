#!/usr/bin/env bash
# Checks the queries for Application Insights with Microsoft's parser of KQL, and the alert rules with a grammar of Bicep.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=$(scripts/npm-packages.sh insights-test @kusto/language-service-next@12.4.1 tree-sitter-bicep@1.1.0 web-tree-sitter@0.25.10)
node otel/insights/check.mjs "$packages" otel/workbook.json otel/scheduledqueryrules.bicep docs/application-insights.md
