// Package azure holds the queries for Application Insights, and writes them as a workbook, as alert rules in Bicep and as
// a section of a page.
package azure
